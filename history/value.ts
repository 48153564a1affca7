/**
 * Values as EDN has them: `:a` is not `"a"`, and integers are exact beyond 2^53 (as bigint; integers within are
 * always numbers, so that there is one representation of each).
 */

/** An EDN keyword, interned: two keywords of one name are the same object. */
export class Keyword {
  readonly name: string;
  private constructor(name: string) {
    this.name = name;
  }
  static readonly #interned = new Map<string, Keyword>();
  static of(name: string): Keyword {
    let keyword = Keyword.#interned.get(name);
    if (keyword === undefined) {
      keyword = new Keyword(name);
      Keyword.#interned.set(name, keyword);
    }
    return keyword;
  }
  toString(): string {
    return `:${this.name}`;
  }
}

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Keyword
  | readonly Value[]
  | { readonly [key: string]: Value };
