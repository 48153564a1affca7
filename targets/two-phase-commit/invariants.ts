/**
 * The rules of atomic commitment (Bernstein, Hadzilacos, and Goodman 1987, section 7.3), checked after every event on what nodes have
 * done. What was once decided stays so, beyond restarts. A step in which a node votes and decides nothing costs O(1).
 */
import type { Invariant, InvariantMonitor } from '../../protocol/system.ts';
import { type Deed, type Doer, watching } from './deeds.ts';
import type { Decision } from './messages.ts';
import type { CommitDescription } from './two-phase-commit.ts';

const pastOf: Readonly<Record<Decision, string>> = { commit: 'committed', abort: 'aborted' };

/**
 * A coordinator's abort, and what participants do. Its commit takes effect when it is on disk, which cannot be seen: until it is, a
 * crash may undo it; no message has left, so that no participant has followed it.
 */
const finalDecision = ({ deed, decision }: Deed): Decision | null =>
  deed === 'decided' && decision === 'commit' ? null : decision;

function atomicity(nodeIds: readonly string[]): InvariantMonitor<Doer> {
  const decisions = new Map<string, { readonly decision: Decision; readonly node: string }>();
  return watching(nodeIds, (deed, changed) => {
    const { tx } = deed;
    const node = nodeIds[changed]!;
    const decision = finalDecision(deed);
    if (decision === null) return undefined;
    const first = decisions.get(tx);
    if (first === undefined) decisions.set(tx, { decision, node });
    else if (first.decision !== decision && first.node !== node) {
      return `${first.node} has ${pastOf[first.decision]} ${tx}, but ${node} has ${pastOf[decision]} it`;
    }
    return undefined;
  });
}

function stability(nodeIds: readonly string[]): InvariantMonitor<Doer> {
  const decisions = nodeIds.map(() => new Map<string, Decision>());
  return watching(nodeIds, (deed, changed) => {
    const { tx } = deed;
    const decision = finalDecision(deed);
    if (decision === null) return undefined;
    const own = decisions[changed]!;
    const first = own.get(tx);
    if (first === undefined) own.set(tx, decision);
    else if (first !== decision)
      return `${nodeIds[changed]} had ${pastOf[first]} ${tx}, and then ${pastOf[decision]} it`;
    return undefined;
  });
}

function unanimity(nodeIds: readonly string[]): InvariantMonitor<Doer> {
  const yes = new Map(nodeIds.map((id) => [id, new Set<string>()]));
  return watching(nodeIds, ({ tx, deed, decision, participants }, changed) => {
    const node = nodeIds[changed]!;
    if (deed === 'voted-yes') yes.get(node)!.add(tx);
    if (deed !== 'decided' || decision !== 'commit') return undefined;
    const without = participants.find((participant) => !yes.get(participant)!.has(tx));
    return without === undefined ? undefined : `${node} decided to commit ${tx}, but ${without} had not voted yes`;
  });
}

/** Whether what a deed says is on the log of its node. */
const onLog =
  (says: (deed: Deed) => string | undefined) =>
  (nodeIds: readonly string[]): InvariantMonitor<CommitDescription> =>
    watching(nodeIds, (deed, changed, descriptions) => {
      const said = says(deed);
      if (said === undefined || descriptions[changed]?.isLogged(deed.tx)) return undefined;
      return `${nodeIds[changed]} has ${said} ${deed.tx}, but its log does not say so`;
    });

const source = 'Bernstein, Hadzilacos, Goodman 1987, §7.3';

/** What any protocol of atomic commitment must keep to. */
export const agreement: readonly Invariant<Doer>[] = [
  { name: 'atomicity', summary: 'No two nodes decide differently.', source: `${source}, AC1`, monitor: atomicity },
  {
    name: 'stability',
    summary: 'No node decides one thing, and then the other.',
    source: `${source}, AC2`,
    monitor: stability,
  },
  {
    name: 'unanimity',
    summary: 'A commit is decided only when all who have something to write have voted yes.',
    source: `${source}, AC3`,
    monitor: unanimity,
  },
];

export const invariants: readonly Invariant<CommitDescription>[] = [
  ...agreement,
  {
    name: 'prepared-is-logged',
    summary: 'Who votes yes has written down what it would commit.',
    source: 'Bernstein, Hadzilacos, Goodman 1987, §7.4, DT log rule 2',
    monitor: onLog(({ deed }) => (deed === 'voted-yes' ? 'voted yes on' : undefined)),
  },
  {
    name: 'commit-is-logged',
    summary: 'Who decides to commit has written that down.',
    source: 'Bernstein, Hadzilacos, Goodman 1987, §7.4, DT log rule 3',
    monitor: onLog(({ deed, decision }) =>
      deed === 'decided' && decision === 'commit' ? 'decided to commit' : undefined,
    ),
  },
];
