/** Types of graph inputs and outputs as ValueInfoProto and TypeProto. */
import type { Dim } from '../graph/dim.ts';
import { DATA_TYPES } from '../graph/types.ts';
import type { Shape, ValueType } from '../graph/types.ts';
import { ExportError } from './exportError.ts';
import { Message } from './message.ts';

/** @param isNamed whether a size is written by name; others are left open */
export function valueInfo(
  name: string,
  type: ValueType,
  isNamed: (symbol: string) => boolean,
): Message {
  const info = new Message().text(1, name);
  return type.kind === 'unknown' ? info : info.message(2, typeProto(type, isNamed));
}

/** Throws ExportError for maps, sparse tensors and opaque types. */
export function typeProto(type: ValueType, isNamed: (symbol: string) => boolean): Message {
  switch (type.kind) {
    case 'tensor': {
      const tensor = new Message().int(1, DATA_TYPES[type.dtype].code);
      if (type.shape !== null) tensor.message(2, shapeProto(type.shape, isNamed));
      return new Message().message(1, tensor);
    }
    case 'sequence':
      return new Message().message(4, new Message().message(1, typeProto(type.element, isNamed)));
    case 'optional':
      return new Message().message(9, new Message().message(1, typeProto(type.element, isNamed)));
    case 'unknown':
      return new Message();
    case 'other':
      throw new ExportError(`Values of type ${type.text} cannot be written.`);
  }
}

function shapeProto(shape: NonNullable<Shape>, isNamed: (symbol: string) => boolean): Message {
  const proto = new Message();
  for (const dim of shape) proto.message(1, dimProto(dim, isNamed));
  return proto;
}

function dimProto(dim: Dim, isNamed: (symbol: string) => boolean): Message {
  if (typeof dim === 'number') return new Message().int(1, dim);
  const name = symbolOf(dim);
  return name !== undefined && isNamed(name) ? new Message().text(2, name) : new Message();
}

/** The name of a size that is nothing but a symbol. */
export function symbolOf(dim: Dim): string | undefined {
  if (typeof dim === 'number' || dim.terms.length !== 1) return undefined;
  const [{ coefficient, atoms }] = dim.terms as [(typeof dim.terms)[number]];
  const [atom] = atoms;
  if (coefficient !== 1 || atoms.length !== 1 || atom?.kind !== 'symbol') return undefined;
  return atom.name;
}
