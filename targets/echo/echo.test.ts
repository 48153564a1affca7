import { expect, test } from 'vitest';
import { echo } from './echo.ts';

const durable = { values: new Map(), logs: new Map() };

test('sends back what it is sent, once its life is counted on disk', () => {
  const state = echo.create({ id: 'n1', nodeIds: ['n1'], config: {} });
  expect(echo.step(state, { type: 'start', nowMs: 0, incarnation: 2, durable })).toEqual([
    { type: 'put', key: 'lives', value: 2 },
    { type: 'sync' },
  ]);
  const message = { src: 'c1', dest: 'n1', body: { type: 'echo', msg_id: 4, echo: [1, 'two'] } };
  expect(echo.step(state, { type: 'message', nowMs: 0, message })).toEqual([
    { type: 'send', to: 'c1', body: { type: 'echo_ok', in_reply_to: 4, echo: [1, 'two'] } },
  ]);
});

test('does nothing for anything else', () => {
  const state = echo.create({ id: 'n1', nodeIds: ['n1'], config: {} });
  const message = { src: 'c1', dest: 'n1', body: { type: 'read', msg_id: 4 } };
  expect(echo.step(state, { type: 'message', nowMs: 0, message })).toEqual([]);
  expect(echo.step(state, { type: 'timer', nowMs: 0, name: 'none' })).toEqual([]);
});
