/**
 * Records of a journal file: length of the text in bytes (4, little endian), CRC-32 of the text (4), the text: JSON in
 * UTF-8. A crash may tear the last one, which its checksum shows.
 */
import { crc32 } from 'node:zlib';
import type { Json } from '../../protocol/message.ts';

const headerBytes = 8;

export function encodeRecord(value: Json): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(text.length, 0);
  header.writeUInt32LE(crc32(text), 4);
  return Buffer.concat([header, text]);
}

/** The records up to the first that is torn, and where they end. */
export function decodeRecords(bytes: Buffer): { readonly records: readonly Json[]; readonly end: number } {
  const records: Json[] = [];
  let end = 0;
  while (end + headerBytes <= bytes.length) {
    const textStart = end + headerBytes;
    const textEnd = textStart + bytes.readUInt32LE(end);
    if (textEnd > bytes.length) break;
    const text = bytes.subarray(textStart, textEnd);
    if (crc32(text) !== bytes.readUInt32LE(end + 4)) break;
    records.push(JSON.parse(text.toString()) as Json);
    end = textEnd;
  }
  return { records, end };
}
