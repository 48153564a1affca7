/** HTML and SVG as values: what is put into a template is escaped, unless it is markup itself. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character: string) => entities[character] as string);

export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

/** Nothing is written for null. */
export type Part = string | number | Markup | null | readonly Part[];

function write(part: Part): string {
  if (part === null) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(write).join('');
  return escapeHtml(String(part));
}

/** Safe in text and in quoted attributes, and nowhere else: not in <script>, not in <style>, not in a URL. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] as string;
  parts.forEach((part, i) => {
    text += write(part) + (strings[i + 1] as string);
  });
  return new Markup(text);
}
