import { describe, expect, test } from 'vitest';
import { SpecError } from '../harness/spec.ts';
import type { NodeSystem } from '../protocol/system.ts';
import { echo } from '../targets/echo/echo.ts';
import { defineConfig } from './define-config.ts';

const own: NodeSystem = { ...(echo as NodeSystem), name: 'own' };
const boxed = {
  name: 'boxed',
  defaultWorkload: 'register',
  clientPorts: [80],
  plan: () => ({ image: { image: 'boxed:1' } }),
  clients: { register: () => ({ invoke: () => new Promise(() => {}), close() {} }) },
};

/** Whatever a person may have written. */
const define = (config: unknown) => defineConfig(config as Parameters<typeof defineConfig>[0]);

test('keeps state machines as they are, and completes systems in containers', () => {
  const { targets } = define({ targets: [own, boxed] });
  expect(targets[0]).toBe(own);
  expect(targets[1]).toMatchObject({ name: 'boxed', services: ['register'], options: [] });
  expect(define({ targets: [] })).toEqual({ targets: [] });
});

describe('refuses', () => {
  test.each<[string, unknown]>([
    ['a configuration must be an object with targets, not 3', 3],
    ['a configuration must be an object with targets, not null', null],
    ['a configuration must be an object with targets, not an array', [own]],
    ['a configuration must be an object with targets, not a function', () => ({ targets: [] })],
    ['unknown part of a configuration "target": did you mean targets?', { target: [] }],
    ['targets must be an array, not undefined', {}],
    ['targets must be an array, not an object with name', { targets: { name: 'own' } }],
    [
      'targets[1] must be what defineTarget gives, or a NodeSystem with a function step, not an object with name',
      { targets: [own, { name: 'other' }] },
    ],
    [
      'targets[0] must be what defineTarget gives, or a NodeSystem with a function step, not undefined',
      { targets: [undefined] },
    ],
    [
      'targets[0] must be what defineTarget gives, or a NodeSystem with a function step, not a function',
      { targets: [() => own] },
    ],
    [
      'the target boxed must have a port for clients: name it in clientPorts',
      { targets: [{ ...boxed, clientPorts: [] }] },
    ],
    [
      'a target\'s name must be of a-z, 0-9, and -, and begin with a letter, not "--own"',
      { targets: [{ ...own, name: '--own' }] },
    ],
    ['the target own must have a function configure, not undefined', { targets: [{ ...own, configure: undefined }] }],
    ['the target own must have a function describe, not 3', { targets: [{ ...own, describe: 3 }] }],
    ['the target own must have an array of promises, not undefined', { targets: [{ ...own, promises: undefined }] }],
    ['the target own must have a text for summary, not null', { targets: [{ ...own, summary: null }] }],
    ['the target own must have an object for marks, not undefined', { targets: [{ ...own, marks: undefined }] }],
    ['the target own: unknown service "ecko": did you mean echo?', { targets: [{ ...own, services: ['ecko'] }] }],
    ['the target own: unknown workload "ehco": did you mean echo?', { targets: [{ ...own, defaultWorkload: 'ehco' }] }],
    [
      'the target own has the default workload register, which needs the service register, but offers echo',
      { targets: [{ ...own, defaultWorkload: 'register' }] },
    ],
    ['a target cannot be called raft: ftest has one of that name', { targets: [{ ...own, name: 'raft' }] }],
    ['a target cannot be called etcd: ftest has one of that name', { targets: [{ ...boxed, name: 'etcd' }] }],
    ['a target cannot be called list: that is a command', { targets: [{ ...own, name: 'list' }] }],
    ['two targets are called own: names must differ', { targets: [own, { ...boxed, name: 'own' }] }],
  ])('%s', (message, config) => {
    expect(() => define(config)).toThrow(new SpecError(message));
  });
});
