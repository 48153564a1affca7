/** The options of a spec that nemeses understand. */
import { unknownName } from '../harness/near.ts';
import { SpecError, type TestSpec } from '../harness/spec.ts';

/** The names, separated by commas, that an option gives; undefined where it is left out. A misspelt one throws a SpecError. */
export function readChoices<Name extends string>(
  spec: TestSpec,
  option: string,
  names: readonly Name[],
): readonly Name[] | undefined {
  return spec.options[option]?.split(',').map((text) => {
    const name = names.find((known) => known === text.trim());
    if (name === undefined) throw new SpecError(unknownName(option, text.trim(), names));
    return name;
  });
}
