/** Index expressions of one bundle inside another: sizes get other names. */
import type { Index, IndexCondition } from '../../loop/indexExpr.ts';

export function renameSizes(index: Index, names: ReadonlyMap<string, string>): Index {
  const part = (inner: Index): Index => renameSizes(inner, names);
  switch (index.kind) {
    case 'constant':
    case 'variable':
      return index;
    case 'size':
      return { ...index, name: names.get(index.name) ?? index.name };
    case 'choose': {
      const { op, a, b } = index.condition;
      const condition: IndexCondition = { op, a: part(a), b: part(b) };
      return { ...index, condition, then: part(index.then), otherwise: part(index.otherwise) };
    }
    default:
      return { ...index, a: part(index.a), b: part(index.b) };
  }
}
