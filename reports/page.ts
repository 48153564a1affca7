/** What all pages share: one file that needs nothing else, under a Content-Security-Policy that admits its own code by hash. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type Markup, markup, type Part } from './markup.ts';

/** The page's own code and style, as `client/build.js` makes them. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

function readAsset(name: string): string {
  const beside = new URL(`./${name}`, import.meta.url);
  const built = new URL(`../dist/reports/${name}`, import.meta.url);
  const url = [beside, built].find((candidate) => existsSync(candidate));
  if (url === undefined) throw new Error(`The report's ${name} has not been built: run npm run build.`);
  return readFileSync(url, 'utf8');
}

/** What the build left beside this file, or in dist/ when it runs from its sources. */
export const builtAssets = (): PageAssets => ({ script: readAsset('client.js'), style: readAsset('client.css') });

export interface Page {
  readonly title: string;
  /** What `main` holds. */
  readonly body: Part;
  /** What the page's code reads, packed, by the id of the element that holds it. */
  readonly data: ReadonlyMap<string, Uint8Array>;
}

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

export function renderPage({ title, body, data }: Page, assets: PageAssets): string {
  // An inline script ends where `</script` first stands, wherever that is.
  const script = assets.script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const { style } = assets;
  const policy = `default-src 'none'; script-src ${sha256(script)}; style-src ${sha256(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">',
    `${markup`<title>${title}</title>`}<style>${style}</style></head>`,
    `<body>${markup`<main>${body}</main>`}<div id="tip" role="tooltip" hidden></div>`,
    ...[...data].map(
      ([id, bytes]) =>
        `<script type="application/octet-stream" id="${id}">${gzipSync(bytes, { level: 6 }).toString('base64')}</script>`,
    ),
    `<script>${script}</script></body></html>\n`,
  ].join('\n');
}

export const classOf = { true: 'valid', false: 'invalid', unknown: 'unknown' } as const;
export const wordOf = { true: 'Valid', false: 'Invalid', unknown: 'Unknown' } as const;

/** The first cell of each row names it. Columns from `numbersFrom` on hold numbers. */
export function table(
  caption: string,
  head: readonly Part[],
  rows: readonly (readonly Part[])[],
  numbersFrom = head.length,
): Markup {
  const cell = (part: Part, column: number): Markup =>
    column === 0
      ? markup`<th scope="row">${part}</th>`
      : markup`<td${column >= numbersFrom ? markup` class="number"` : null}>${part}</td>`;
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${caption}"><table><caption class="hidden">${caption}</caption><thead><tr>${head.map(
    (title, column) => markup`<th scope="col"${column >= numbersFrom ? markup` class="number"` : null}>${title}</th>`,
  )}</tr></thead><tbody>${rows.map((row) => markup`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>`;
}

export const section = (id: string, title: string, ...content: readonly Part[]): Markup =>
  markup`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`;
