import type { PageColumns, PageHead } from '../page-data.ts';

/** Reads what `encodePage` wrote. */
export function decodePage(bytes: Uint8Array): { readonly head: PageHead; readonly columns: PageColumns } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const rows = view.getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as PageHead;
  let at = 8 + length;
  const columns = head.columns.map((name) => {
    const column = new Uint32Array(rows);
    for (let shift = 0; shift < 32; shift += 8) {
      for (let row = 0; row < rows; row++) column[row] = (column[row] as number) | ((bytes[at++] as number) << shift);
    }
    return [name, column] as const;
  });
  return { head, columns: Object.fromEntries(columns) as unknown as PageColumns };
}
