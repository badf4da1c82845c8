/** Text that two operators share exactly when they compute the same from the same values. */
import type { AttributeValue, Operator } from '../graph/graph.ts';

type Structure = Pick<Operator, 'domain' | 'type' | 'attributes' | 'inputs' | 'outputs'>;

/**
 * Undefined where attributes hold tensors or graphs, which are not compared.
 * @param canonical by value: what equal constants have in common
 */
export function structureKey(
  { domain, type, attributes, inputs, outputs }: Structure,
  canonical: readonly number[],
): string | undefined {
  const parts = [
    `${domain}.${type}/${outputs.length}(${inputs.map((value) => canonical[value] ?? value).join()})`,
  ];
  for (const name of [...attributes.keys()].sort()) {
    const text = attributeKey(attributes.get(name));
    if (text === undefined) return undefined;
    parts.push(`${name}=${text}`);
  }
  return parts.join(';');
}

/** Text of an attribute's value. */
export function attributeKey(attribute: AttributeValue | undefined): string | undefined {
  switch (attribute?.kind) {
    case undefined:
      return '';
    case 'int':
    case 'float':
      return String(attribute.value);
    case 'string':
      return JSON.stringify(attribute.value);
    case 'ints':
    case 'floats':
      return `[${attribute.value.join()}]`;
    case 'strings':
      return JSON.stringify(attribute.value);
    default:
      return undefined;
  }
}

/** Whether two operators have the same attributes. */
export function sameAttributes(
  a: ReadonlyMap<string, AttributeValue>,
  b: ReadonlyMap<string, AttributeValue>,
): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const key = attributeKey(value);
    if (key === undefined || !b.has(name) || attributeKey(b.get(name)) !== key) return false;
  }
  return true;
}
