/**
 * The model-local functions of a model by domain, name and overload.
 */
import type { onnx } from 'onnx-proto';
import { quoted } from './names.ts';
import { decodeAttribute, decodeValueInfo, toNumber } from './readModel.ts';
import type { Reporter } from './reporter.ts';
import type { Scan } from './scan.ts';

export interface ModelFunction {
  readonly proto: onnx.IFunctionProto;
  readonly opsets: ReadonlyMap<string, number>;
  /** Attribute parameters with a default value. */
  readonly defaults: readonly onnx.IAttributeProto[];
  /** Declared types of values in the body. */
  readonly extras: readonly onnx.IValueInfoProto[];
}

/** '' and 'ai.onnx' are one domain. */
export function normalDomain(domain: string | null | undefined): string {
  return !domain || domain === 'ai.onnx' ? '' : domain;
}

/** Domain -> version; the later entry of two for one domain counts. */
export function opsetMap(
  imports: readonly onnx.IOperatorSetIdProto[] | null | undefined,
): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of imports ?? []) {
    opsets.set(normalDomain(domain), toNumber(version));
  }
  return opsets;
}

export class FunctionTable {
  private readonly functions = new Map<string, ModelFunction>();

  constructor(
    protos: readonly onnx.IFunctionProto[],
    scan: Scan,
    modelOpsets: ReadonlyMap<string, number>,
    reporter: Reporter,
  ) {
    for (const proto of protos) {
      const extras = scan.functions[Number(proto.docString)];
      const key = keyOf(normalDomain(proto.domain), proto.name ?? '', extras?.overload ?? '');
      if (this.functions.has(key)) {
        const message = `Function ${quoted(proto.name ?? '')} is defined twice; the first counts.`;
        reporter.report('model/function', message);
        continue;
      }
      this.functions.set(key, {
        proto,
        // A function may leave out domains that it shares with the model.
        opsets: new Map([...modelOpsets, ...opsetMap(proto.opsetImport)]),
        defaults: (extras?.attributeDefaults ?? []).map(decodeAttribute),
        extras: (extras?.valueInfos ?? []).map(decodeValueInfo),
      });
    }
  }

  find(domain: string, name: string, overload: string): ModelFunction | undefined {
    if (this.functions.size === 0) return undefined;
    return this.functions.get(keyOf(domain, name, overload));
  }
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}
