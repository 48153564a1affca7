/**
 * Memory for columns. An engine that counts the bytes of typed arrays collects garbage each time that 64 MB more have been made,
 * which takes time by the size of the whole heap: three times for a history of a million transactions, longer in all than the check
 * itself. It does not count those of shared memory, so large columns are of it. They are freed as others are, at the next collection.
 */

/** Columns of fewer bytes are plain ones. */
const largeBytes = 1 << 20;

const bufferOf = (bytes: number): ArrayBufferLike =>
  bytes < largeBytes ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);

/** Zeros. */
export const int32Column = (length: number): Int32Array => new Int32Array(bufferOf(4 * length));

/** Zeros. */
export const uint8Column = (length: number): Uint8Array => new Uint8Array(bufferOf(length));
