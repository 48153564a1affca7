/**
 * Ends the nodes when the harness dies without having done so, by a SIGKILL too. A node whose stdin ends stops by
 * itself, but one that is paused does not, nor need a foreign program. The reaper is a shell that holds the list of
 * process groups and acts on it when its own stdin ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';

const script = `
groups=
while read -r line; do groups=$line; done
[ -n "$groups" ] || exit 0
kill -s KILL -- $groups
rm -rf -- "$1"`;

export class Reaper {
  readonly #shell: ChildProcess;
  readonly #groups = new Set<number>();

  /** @param directory is removed when the nodes have to be ended. */
  constructor(directory: string) {
    // Detached, so that a Ctrl-C at the terminal, which goes to the harness's whole group, passes it by.
    this.#shell = spawn('/bin/sh', ['-c', script, 'ftest-reaper', directory], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#shell.on('error', () => {});
    this.#shell.stdin?.on('error', () => {});
  }

  watch(group: number): void {
    this.#groups.add(group);
    this.#tell();
  }

  forget(group: number): void {
    this.#groups.delete(group);
    this.#tell();
  }

  /** All is ended: nothing is left to do. */
  dismiss(): void {
    this.#groups.clear();
    this.#tell();
    this.#shell.stdin?.end();
  }

  #tell(): void {
    this.#shell.stdin?.write(`${[...this.#groups].map((group) => -group).join(' ')}\n`);
  }
}
