/**
 * Records of a journal file: length of the text in bytes (4, little endian), CRC-32 of the text (4), CRC-32 of these eight
 * bytes (4), the text: JSON in UTF-8. A crash leaves a prefix of what was being written, so that the last record may end too
 * early; whatever else is wrong is damage, which the checksums tell from that: a length that is believed is a length that
 * was written.
 */
import { crc32 } from 'node:zlib';
import type { Json } from '../../protocol/message.ts';

const headerBytes = 12;
/** Of the header, what its own checksum is about. */
const checkedBytes = 8;

export function encodeRecord(value: Json): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(text.length, 0);
  header.writeUInt32LE(crc32(text), 4);
  header.writeUInt32LE(crc32(header.subarray(0, checkedBytes)), checkedBytes);
  return Buffer.concat([header, text]);
}

export interface Decoded {
  readonly records: readonly Json[];
  /** Where they end, in bytes. */
  readonly end: number;
  /** What begins there: nothing, a record that ends too early, or one that is not as it was written. */
  readonly rest: 'nothing' | 'torn' | 'damaged';
}

/** The records up to the first that is not whole. */
export function decodeRecords(bytes: Buffer): Decoded {
  const records: Json[] = [];
  let end = 0;
  while (end < bytes.length) {
    const textStart = end + headerBytes;
    if (textStart > bytes.length) return { records, end, rest: 'torn' };
    const checked = bytes.subarray(end, end + checkedBytes);
    if (crc32(checked) !== bytes.readUInt32LE(end + checkedBytes)) return { records, end, rest: 'damaged' };
    const textEnd = textStart + checked.readUInt32LE(0);
    if (textEnd > bytes.length) return { records, end, rest: 'torn' };
    const text = bytes.subarray(textStart, textEnd);
    if (crc32(text) !== checked.readUInt32LE(4)) return { records, end, rest: 'damaged' };
    records.push(JSON.parse(text.toString()) as Json);
    end = textEnd;
  }
  return { records, end, rest: 'nothing' };
}
