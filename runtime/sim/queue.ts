/**
 * The simulator's agenda: a binary heap of events by time, events of one time in the order they were added. Columns in
 * typed arrays, so that moving an event allocates nothing.
 */
export class EventQueue<Payload> {
  #size = 0;
  #nextSeq = 0;
  #capacity = 256;
  #times = new Float64Array(this.#capacity);
  #seqs = new Float64Array(this.#capacity);
  #slots = new Int32Array(this.#capacity);
  readonly #kinds: number[] = [];
  readonly #targets: number[] = [];
  readonly #payloads: (Payload | undefined)[] = [];
  readonly #freeSlots: number[] = [];

  /** Of the event last taken by `pop`. */
  time = 0;
  kind = 0;
  target = 0;
  payload: Payload | undefined;

  get size(): number {
    return this.#size;
  }

  /** Whether an event is due before `time`, in nanoseconds. */
  isDueBefore(time: number): boolean {
    return this.#size > 0 && (this.#times[0] as number) < time;
  }

  push(time: number, kind: number, target: number, payload: Payload): void {
    const slot = this.#freeSlots.pop() ?? this.#kinds.length;
    this.#kinds[slot] = kind;
    this.#targets[slot] = target;
    this.#payloads[slot] = payload;
    if (this.#size === this.#capacity) this.#grow();
    this.#siftUp(this.#size++, time, this.#nextSeq++, slot);
  }

  /** Takes the next event into `time`, `kind`, `target`, and `payload`; false when there is none. */
  pop(): boolean {
    if (this.#size === 0) return false;
    const slot = this.#slots[0] as number;
    this.time = this.#times[0] as number;
    this.kind = this.#kinds[slot] as number;
    this.target = this.#targets[slot] as number;
    this.payload = this.#payloads[slot];
    this.#payloads[slot] = undefined;
    this.#freeSlots.push(slot);
    const last = --this.#size;
    if (last > 0) {
      this.#siftDown(this.#times[last] as number, this.#seqs[last] as number, this.#slots[last] as number);
    }
    return true;
  }

  #siftUp(start: number, time: number, seq: number, slot: number): void {
    const times = this.#times;
    const seqs = this.#seqs;
    const slots = this.#slots;
    let hole = start;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      // A new event has the highest seq of all, so among equal times it stays below.
      if ((times[parent] as number) <= time) break;
      times[hole] = times[parent] as number;
      seqs[hole] = seqs[parent] as number;
      slots[hole] = slots[parent] as number;
      hole = parent;
    }
    times[hole] = time;
    seqs[hole] = seq;
    slots[hole] = slot;
  }

  #siftDown(time: number, seq: number, slot: number): void {
    const times = this.#times;
    const seqs = this.#seqs;
    const slots = this.#slots;
    const size = this.#size;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size) {
        const difference = (times[right] as number) - (times[child] as number);
        if (difference < 0 || (difference === 0 && (seqs[right] as number) < (seqs[child] as number))) child = right;
      }
      const childTime = times[child] as number;
      if (childTime > time || (childTime === time && (seqs[child] as number) > seq)) break;
      times[hole] = childTime;
      seqs[hole] = seqs[child] as number;
      slots[hole] = slots[child] as number;
      hole = child;
    }
    times[hole] = time;
    seqs[hole] = seq;
    slots[hole] = slot;
  }

  #grow(): void {
    this.#capacity *= 2;
    const times = new Float64Array(this.#capacity);
    const seqs = new Float64Array(this.#capacity);
    const slots = new Int32Array(this.#capacity);
    times.set(this.#times);
    seqs.set(this.#seqs);
    slots.set(this.#slots);
    this.#times = times;
    this.#seqs = seqs;
    this.#slots = slots;
  }
}
