/** The live view of a run on a terminal. To be imported only when it is shown: ink takes 280 ms to load. */
import { Box, render, Text } from 'ink';
import type { TestSpec } from '../harness/spec.ts';
import { displayCount } from './display.ts';
import type { NodeState, Progress, ProgressSnapshot } from './progress.ts';

const sparks = '▁▂▃▄▅▆▇█';
const redrawEveryMs = 50;

/** The last `width` values, each as one of eight bars, the highest of them full. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-Math.max(0, width));
  const highest = Math.max(1, ...shown);
  return shown.map((value) => sparks[Math.min(7, Math.floor((value / highest) * 7.999))]).join('');
}

/** `done` is a share, 0 to 1. */
export function progressBar(done: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, done)) * width);
  return '━'.repeat(full) + '─'.repeat(width - full);
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

function Outcomes({ counts }: { readonly counts: ProgressSnapshot['counts'] }) {
  return (
    <Text>
      <Text color="green">{displayCount(counts.ok)} ok</Text>
      {'  '}
      <Text color="magenta">{displayCount(counts.fail)} fail</Text>
      {'  '}
      <Text color="yellow">{displayCount(counts.info)} info</Text>
      {'  '}
      <Text dimColor>{displayCount(counts.pending)} pending</Text>
    </Text>
  );
}

function Nodes({ nodes }: { readonly nodes: readonly NodeState[] }) {
  return (
    <Box flexWrap="wrap" columnGap={3}>
      {nodes.map(({ node, role, term, primary }) => (
        <Text key={node} bold={primary} dimColor={role === 'down' || role === 'paused'}>
          {primary ? '★ ' : ''}
          {node} {role}
          {term > 0 ? ` ${term}` : ''}
        </Text>
      ))}
    </Box>
  );
}

export function LiveView({
  snapshot,
  spec,
  columns,
}: {
  readonly snapshot: ProgressSnapshot;
  readonly spec: TestSpec;
  readonly columns: number;
}) {
  const { simulatedMs, counts, activeFaults, phase, throughputPerSecond, nodes } = snapshot;
  const width = Math.max(10, Math.min(60, columns - 32));
  const rate = throughputPerSecond.at(-1) ?? 0;
  const label = (text: string) => (
    <Box width={10} flexShrink={0}>
      <Text dimColor>{text}</Text>
    </Box>
  );
  return (
    <Box flexDirection="column">
      <Text bold>
        {spec.target} · {spec.workload} · {spec.nemesis.length === 0 ? 'no nemesis' : spec.nemesis.join(', ')} · seed{' '}
        {spec.seed}
      </Text>
      <Box>
        {label('time')}
        <Text color="cyan">{progressBar(simulatedMs / spec.timeLimitMs, width)}</Text>
        <Text>
          {' '}
          {seconds(simulatedMs)} / {seconds(spec.timeLimitMs)} s
        </Text>
      </Box>
      <Box>
        {label('ops')}
        <Outcomes counts={counts} />
      </Box>
      <Box>
        {label('ok/s')}
        <Text color="green">{sparkline(throughputPerSecond, width)}</Text>
        <Text> {displayCount(rate)}</Text>
      </Box>
      <Box>
        {label(phase === undefined || phase === 'faults' ? 'faults' : phase)}
        <Text color={activeFaults.length === 0 ? 'green' : 'red'}>
          {activeFaults.length === 0 ? 'none now' : activeFaults.join(', ')}
        </Text>
      </Box>
      {nodes === undefined ? null : (
        <Box>
          {label('nodes')}
          <Nodes nodes={nodes} />
        </Box>
      )}
    </Box>
  );
}

/** Draws on the stream until stopped, then leaves it as it was. */
export function startLive(stream: NodeJS.WriteStream, spec: TestSpec): Progress {
  let drawnMs = Number.NEGATIVE_INFINITY;
  const instance = render(<Text dimColor>starting {spec.target} …</Text>, {
    stdout: stream,
    // Ctrl-C belongs to the command line: it heals and stores before it ends.
    exitOnCtrlC: false,
    patchConsole: false,
  });
  return {
    update(snapshot) {
      const now = performance.now();
      if (now - drawnMs < redrawEveryMs) return;
      drawnMs = now;
      instance.rerender(<LiveView snapshot={snapshot} spec={spec} columns={stream.columns ?? 80} />);
    },
    stop() {
      // Unmounting draws the last frame once more: let that be an empty one.
      instance.rerender(null);
      instance.unmount();
    },
  };
}
