import { describe, expect, test } from 'vitest';
import { nodesOf } from '../harness/container-system.ts';
import { defaultSpec, nodeIdsOf } from '../harness/spec.ts';
import { createRegistry } from './registry.ts';
import { ftest } from './testing/ftest.ts';

const { targets, workloads } = createRegistry();

describe('what a target promises', () => {
  const offered = [...targets.values()].flatMap((target) =>
    [...workloads.values()]
      .filter(({ service }) => target.services.includes(service))
      .map((workload) => [target.name, workload.name] as const),
  );

  test.each(offered)('%s says of all checks of %s under which faults they hold', (targetName, workloadName) => {
    const target = targets.get(targetName)!;
    const spec = defaultSpec(targetName, workloadName, 1, nodesOf(target));
    const { checkers } = workloads.get(workloadName)!.create({ spec, nodeIds: nodeIdsOf(spec) });
    const promised = target.promises.map(({ property }) => property);
    for (const { name } of checkers) expect(promised).toContain(name);
    expect(promised).toContain('recovery');
    if (target.invariants.length > 0) expect(promised).toContain('invariants');
  });

  test('is shown by target and workload', async () => {
    const { stdout } = await ftest(['list', 'promises', '--json']);
    const { promises } = JSON.parse(stdout) as { readonly promises: readonly Readonly<Record<string, string>>[] };
    const row = (name: string) => promises.find((each) => each.name === name);
    expect(row('atomic-commit')).toMatchObject({
      'two-phase-commit': 'all',
      'three-phase-commit': 'kill, bump',
      raft: '',
    });
    expect(row('register')).toMatchObject({ raft: 'all', etcd: 'all', echo: '' });
  });
});
