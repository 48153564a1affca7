/**
 * Transcripts, as etcd's Raft has them: commands, `----`, and everything that happened. One command a line:
 *
 *     cluster NODES [bug=NAME] [PARAMETER=NUMBER|true|false …]
 *     fire NODE TIMER            timeout NODE                  a timer fires; the election timeout, both parts
 *     deliver FROM TO [COUNT]    deliver all                   messages arrive, oldest first; all that are under way now
 *     duplicate FROM TO          drop FROM TO | drop all       the oldest arrives and stays; all are lost
 *     sync NODE|all              crash NODE [KEPT]             the oldest sync is done; KEPT unsynced writes survive
 *     start NODE                 client CLIENT NODE REQUEST    REQUEST is `read K`, `write K V`, or `cas K FROM TO`
 *     settle [without NODE …]    state                         until nothing is left to do; in short
 *
 * A line of the answer is one effect of a step, a message when it leaves its node, or the state of a node.
 */
import type { Body, Json } from '../../../protocol/message.ts';
import type { Description, Effect } from '../../../protocol/node.ts';
import type { Options, SteppedCluster } from './cluster.ts';

/** What transcripts of one protocol need to know of it. */
export interface Dialect<State, Config, B extends Body, D extends Description> {
  begin(options: Options<Config, B>): SteppedCluster<State, Config, B, D>;
  /** Lets a node's timeout pass after which it stands for leader. */
  timeout(cluster: SteppedCluster<State, Config, B, D>, id: string): void;
  /** A node in short, without its name. */
  state(node: State): string;
  /** A field of a message, or what is put under a key, where its JSON would be too long; else undefined. */
  shown(name: string, value: unknown): string | undefined;
}

/** Runs the commands of a transcript and gives it back with the answers that came. Comments and blank lines stay. */
export function rewrite<State, Config, B extends Body, D extends Description>(
  transcript: string,
  dialect: Dialect<State, Config, B, D>,
): string {
  const session = new Session(dialect);
  const blocks = transcript.split(/\n{2,}/).filter((block) => block.trim() !== '');
  return `${blocks.map((block) => answered(block, session)).join('\n\n')}\n`;
}

function answered(block: string, session: { carryOut(command: string): readonly string[] }): string {
  const asked = block.split('\n').slice(0, Math.max(0, lineOf(block, '----')));
  if (asked.length === 0) return block.trimEnd();
  const lines = asked.filter((line) => !line.startsWith('#')).flatMap((line) => session.carryOut(line));
  return [...asked, '----', ...(lines.length > 0 ? lines : ['ok'])].join('\n');
}

const lineOf = (block: string, line: string): number => block.split('\n').indexOf(line);

class Session<State, Config, B extends Body, D extends Description> {
  readonly #dialect: Dialect<State, Config, B, D>;
  #cluster: SteppedCluster<State, Config, B, D> | undefined;
  #lines: string[] = [];
  /** Only marks and notes are shown, not every message. */
  #short = false;

  constructor(dialect: Dialect<State, Config, B, D>) {
    this.#dialect = dialect;
  }

  carryOut(command: string): readonly string[] {
    this.#lines = [];
    this.#short = false;
    const [name = '', ...words] = command.split(' ');
    try {
      if (name === 'cluster') this.#begin(words);
      else this.#act(name, words);
    } catch (error) {
      throw new Error(`"${command}" failed, after\n${this.#lines.join('\n')}`, { cause: error });
    }
    return this.#lines;
  }

  #begin([nodes = '3', ...parameters]: readonly string[]): void {
    const settings = Object.fromEntries(parameters.map((parameter) => parameter.split('=')));
    const { bug, ...rest } = settings as Record<string, string>;
    const config = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, JSON.parse(value) as Json]));
    this.#short = true;
    this.#cluster = this.#dialect.begin({
      nodes: Number(nodes),
      ...(bug === undefined ? {} : { bug }),
      config: config as Partial<Config>,
      onEffect: (node, effect) => this.#show(node, effect),
    });
    this.#lines = [];
  }

  #act(name: string, words: readonly string[]): void {
    const cluster = this.#cluster;
    if (cluster === undefined) throw new Error(`the first command must be cluster, not ${name}`);
    const [first = '', second = '', third] = words;
    const repliesBefore = cluster.replies.length;
    switch (name) {
      case 'fire':
        cluster.fire(first, second);
        break;
      case 'timeout':
        this.#dialect.timeout(cluster, first);
        break;
      case 'deliver':
        this.#deliver(cluster, first, second, Number(third ?? 1));
        break;
      case 'duplicate':
        cluster.deliver(this.#oldest(cluster, first, second), true);
        break;
      case 'drop':
        this.#drop(cluster, first, second);
        break;
      case 'sync':
        for (const id of first === 'all' ? cluster.nodeIds : [first]) cluster.sync(id);
        break;
      case 'crash':
        cluster.crash(first, Number(words[1] ?? 0));
        break;
      case 'start':
        cluster.start(first);
        break;
      case 'client':
        cluster.request(first, second, requestOf(words.slice(2)));
        break;
      case 'settle':
        this.#short = true;
        cluster.settle(words.slice(1));
        break;
      case 'state':
        this.#lines.push(...cluster.nodes.map(({ id, state }) => this.#state(id, state)));
        break;
      default:
        throw new Error(`there is no command ${name}`);
    }
    for (const { src, dest, body } of cluster.replies.slice(repliesBefore)) {
      this.#lines.push(`${src} answers ${dest}: ${this.#described(body)}`);
    }
    for (const [invariant, reason] of cluster.broken) this.#lines.push(`BROKEN ${invariant}: ${reason}`);
    cluster.broken.clear();
  }

  #deliver(cluster: SteppedCluster<State, Config, B, D>, from: string, to: string, count: number): void {
    if (from === 'all') {
      for (let left = cluster.network.length; left > 0; left--) cluster.deliver(0);
    } else {
      for (let left = count; left > 0; left--) cluster.deliver(this.#oldest(cluster, from, to));
    }
  }

  #drop(cluster: SteppedCluster<State, Config, B, D>, from: string, to: string): void {
    const kept = cluster.network.filter(({ src, dest }) => from !== 'all' && (src !== from || dest !== to));
    cluster.network.splice(0, cluster.network.length, ...kept);
  }

  #oldest({ network }: SteppedCluster<State, Config, B, D>, from: string, to: string): number {
    const position = network.findIndex(({ src, dest }) => src === from && dest === to);
    if (position < 0) throw new Error(`no message from ${from} to ${to} is under way`);
    return position;
  }

  #show(node: string, effect: Effect<B>): void {
    switch (effect.type) {
      case 'log':
        this.#lines.push(`${node} ${effect.text}`);
        break;
      case 'mark':
        this.#lines.push(`${node} marks ${effect.name}`);
        break;
      case 'set-timer':
      case 'clear-timer':
        break;
      case 'send':
        if (!this.#short && !effect.to.startsWith('c')) {
          this.#lines.push(`${node} -> ${effect.to} ${this.#described(effect.body)}`);
        }
        break;
      default:
        if (!this.#short) this.#lines.push(`${node} ${this.#written(effect)}`);
    }
  }

  #state(id: string, node: State | undefined): string {
    return node === undefined ? `${id} is down` : `${id} ${this.#dialect.state(node)}`;
  }

  #described(body: Body): string {
    const { type, ...fields } = body as { readonly type: string } & Record<string, unknown>;
    return [type, ...Object.entries(fields).map(([name, value]) => `${name}=${this.#shown(name, value)}`)].join(' ');
  }

  #shown(name: string, value: unknown): string {
    return this.#dialect.shown(name, value) ?? JSON.stringify(value);
  }

  #written(
    effect: Exclude<Effect<B>, { readonly type: 'send' | 'log' | 'mark' | 'set-timer' | 'clear-timer' }>,
  ): string {
    switch (effect.type) {
      case 'sync':
        return 'syncs';
      case 'put':
        return `puts ${effect.key} ${this.#shown(effect.key, effect.value)}`;
      case 'append':
        return `appends ${this.#shown('entries', effect.entries)}`;
      case 'truncate':
        return `truncates from ${effect.from}`;
      case 'compact':
        return `compacts before ${effect.before}`;
    }
  }
}

function requestOf([type = '', key = '', ...values]: readonly string[]): Body {
  const [value, to] = values.map((text) => JSON.parse(text) as Json);
  if (type === 'cas') return { type, key, from: value, to } as Body;
  const request = type === 'read' ? { type, key } : { type, key, value };
  return request;
}
