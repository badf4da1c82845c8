/**
 * The worker's answers, without any transport: open documents by key and one handler per request of
 * `WorkerRequests`. One bad document never touches the others.
 */
import { ModelError } from '../diagnostics.ts';
import { modelFromBytes, openModelFile } from '../onnx/source.ts';
import type { WorkerProgress, WorkerRequests } from '../protocol.ts';
import { TARGETS } from '../target/target.ts';
import { ModelDocument } from './document.ts';

/** What a handler gets from the transport. */
export interface RequestContext {
  readonly isCancelled: () => boolean;
  readonly progress: (progress: WorkerProgress) => void;
}

export type WorkerHandlers = {
  readonly [Name in keyof WorkerRequests]: (
    params: WorkerRequests[Name][0],
    context: RequestContext,
  ) => Promise<WorkerRequests[Name][1]>;
};

/** Thrown out of a handler whose request was cancelled. */
export class Cancelled extends Error {
  constructor() {
    super('Cancelled');
    this.name = 'Cancelled';
  }
}

export function createHandlers(): WorkerHandlers {
  const documents = new Map<string, ModelDocument>();
  const find = (doc: string): ModelDocument => {
    const document = documents.get(doc);
    if (!document) throw new ModelError('internal/error', `Document ${doc} is not open.`);
    return document;
  };
  return {
    'document/open': async ({ doc, location, edits }, context) => {
      const source =
        location.kind === 'file'
          ? openModelFile(location.path)
          : modelFromBytes(location.bytes, location.name);
      try {
        const opened = await ModelDocument.open(source, edits, checkpointOf(doc, context));
        documents.get(doc)?.close();
        documents.set(doc, opened.document);
        return opened.result;
      } catch (error) {
        source.close();
        throw error;
      }
    },
    'document/replan': ({ doc, edits, shown }, context) =>
      find(doc).replan(edits, shown, checkpointOf(doc, context)),
    'document/close': ({ doc }) => {
      documents.get(doc)?.close();
      documents.delete(doc);
      return Promise.resolve(null);
    },
    'document/details': async ({ doc, target }) => find(doc).details(target),
    'document/explain': async ({ doc, edge }) => find(doc).explain(edge),
    'document/whatIf': async ({ doc, a, b }) => find(doc).whatIf(a, b),
    'document/kernel': ({ doc, target, of }, context) => {
      if (!Object.hasOwn(TARGETS, target)) {
        throw new ModelError('internal/error', 'There is no such target.');
      }
      return find(doc).kernel(of, target, checkpointOf(doc, context));
    },
    'document/export': ({ doc, original, path }, context) => {
      const checkpoint = checkpointOf(doc, context);
      return find(doc).export(original, path, () => checkpoint('Writing the model'));
    },
    'document/devicePlan': ({ doc, device }, context) =>
      find(doc).devicePlan(device, checkpointOf(doc, context)),
    'document/planners': ({ doc }, context) => find(doc).planners(checkpointOf(doc, context)),
    'document/variant': ({ doc, variant }, context) =>
      find(doc).variant(variant, checkpointOf(doc, context)),
    'document/rewrite': async ({ doc, id }) => find(doc).rewrite(id),
    'document/externalFiles': async ({ doc }) => find(doc).externalFiles(),
    'document/weightStatistics': ({ doc, constant }, context) => {
      const checkpoint = checkpointOf(doc, context);
      return find(doc).weightStatistics(constant, () => checkpoint('Reading weights'));
    },
  };
}

/** Lets pending messages in (a cancellation may be among them), then goes on or stops. */
function checkpointOf(doc: string, context: RequestContext): (stage: string) => Promise<void> {
  return async (stage) => {
    context.progress({ doc, stage });
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (context.isCancelled()) throw new Cancelled();
  };
}
