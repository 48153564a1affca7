import { describe, expect, test } from 'vitest';
import { fifoQueue } from '../models/fifo-queue.ts';
import { kv } from '../models/kv.ts';
import type { Model } from '../models/model.ts';
import { casRegister } from '../models/register.ts';
import { stack } from '../models/stack.ts';
import { objectsOf } from '../objects.ts';
import { historyOf } from '../testing/history-of.ts';

const decide = (model: Model, text: string) => model.decide?.(objectsOf(historyOf(text)).calls[0]!);

const repeated = (put: string): string =>
  [1, 2, 1].map((value, i) => `${i} invoke ${put} ${value}\n${i} ok ${put} ${value}`).join('\n');

describe('a value out of nowhere is found without a search, where others repeat', () => {
  test.each([
    ['a register', casRegister(), 'write', '7 invoke read\n7 ok read 9'],
    ['a cas of a register', casRegister(), 'write', '7 invoke cas [9,1]\n7 ok cas [9,1]'],
    ['a queue', fifoQueue(), 'enqueue', '7 invoke dequeue\n7 ok dequeue 9'],
    ['a stack', stack(), 'push', '7 invoke pop\n7 ok pop 9'],
    ['a map', kv(), 'put', '7 invoke get\n7 ok get 9'],
  ])('of %s', (_, model, put, found) => {
    expect(decide(model, `${repeated(put)}\n${found}`)).toEqual({ linearizable: false, core: [3] });
    const late = `${found}\n8 invoke ${put} 9\n8 ok ${put} 9`;
    expect(decide(model, `${repeated(put)}\n${late}`)).toMatchObject({ linearizable: false });
    const concurrent = `8 invoke ${put} 9\n${found}`;
    expect(decide(model, `${repeated(put)}\n${concurrent}`)).not.toEqual({ linearizable: false, core: [3] });
  });

  test('not where it is there at first, or says nothing', () => {
    const seen = '8 invoke read\n8 ok read 1';
    const text = `7 invoke read\n7 ok read 9\n${repeated('write')}\n${seen}`;
    expect(decide(casRegister({ initial: 9 }), text)).toBeUndefined();
    expect(decide(casRegister(), text)).toEqual({ linearizable: false, core: [0] });
    const nil = `${repeated('write')}\n${seen}\n7 invoke read\n7 ok read`;
    expect(decide(casRegister({ initial: 9 }), nil)).toMatchObject({ linearizable: false });
    expect(decide(casRegister({ initial: 9, nilReadIsUnknown: true }), nil)).toBeUndefined();
  });

  test('not where a call is none that the model knows', () => {
    const unknown = '8 invoke cas 5\n8 ok cas 5\n7 invoke read\n7 ok read 9';
    expect(decide(casRegister(), `${repeated('write')}\n${unknown}`)).toBeUndefined();
    const empty = '8 invoke enqueue\n8 ok enqueue\n7 invoke dequeue\n7 ok dequeue 9';
    expect(decide(fifoQueue(), `${repeated('enqueue')}\n${empty}`)).toBeUndefined();
  });
});
