/** Editing, undo, save, revert, backup and conflicts of a plan, without VS Code. */
import { beforeEach, describe, expect, it } from 'vitest';
import { RequestCancelled } from '../../compiler/client/cancellation.ts';
import { ModelError } from '../../compiler/diagnostics.ts';
import { PlanConflict } from '../../extension/document/planStore.ts';
import { Desk } from './fakes.ts';

const foreign = '{"version":1,"overrides":[{"kind":"fuse","a":"r","b":"t"}],"note":"by hand"}';

let desk: Desk;
beforeEach(async () => {
  desk = new Desk();
  await desk.document.open();
});

describe('editing', () => {
  it('opens a model without a plan, clean', () => {
    expect(desk.blocks).toBe('[c] [r] [t] [s]');
    expect(desk.document.isDirty).toBe(false);
    expect(desk.document.error).toBeNull();
  });

  it('tells of an edit with its label, and undoes and redoes it', async () => {
    expect(await desk.fuse(0, 1)).toEqual({ ok: true });
    expect(desk.blocks).toBe('[c r] [t] [s]');
    expect(desk.document.isDirty).toBe(true);
    const [edit] = desk.history;
    expect(edit!.label).toBe('Fuse Conv and Relu');
    await desk.document.restore(edit!.before);
    expect(desk.blocks).toBe('[c] [r] [t] [s]');
    expect(desk.document.isDirty).toBe(false);
    await desk.document.restore(edit!.after);
    expect(desk.blocks).toBe('[c r] [t] [s]');
  });

  it('does undos and redos one after the other that nobody waits for', async () => {
    await desk.fuse(0, 1);
    await desk.fuse(1, 2);
    const [first, second] = desk.history;
    void desk.document.restore(second!.before);
    void desk.document.restore(first!.before);
    void desk.document.restore(first!.after);
    const text = await desk.document.settledText();
    expect(desk.blocks).toBe('[c r] [t] [s]');
    expect(text.match(/"fuse"/g)).toHaveLength(1);
  });

  it('refuses with the reason, changes nothing, and lets the worker forget the attempt', async () => {
    await desk.fuse(0, 1);
    expect(await desk.fuse(2, 3)).toEqual({ ok: false, message: 'no kernel for this pair' });
    expect(desk.history).toHaveLength(1);
    expect(desk.blocks).toBe('[c r] [t] [s]');
    expect(await desk.document.request('document/explain', { edge: 0 })).toContain('1 overrides');
  });

  it('does one edit after the other, each on the result of the last', async () => {
    await Promise.all([desk.fuse(0, 1), desk.fuse(1, 2)]);
    expect(desk.blocks).toBe('[c r t] [s]');
    expect(desk.history.map(({ before }) => before.overrides.length)).toEqual([0, 1]);
  });

  it('sends the graph again only when it changed', async () => {
    await desk.fuse(0, 1);
    await desk.document.edit({ kind: 'bind', symbol: 'batch', size: 4 });
    expect(desk.events).toEqual(['graph', 'plan', 'graph']);
    expect(desk.document.state?.graph.revision).toBe(4);
  });

  it('is refused where everything is read-only', async () => {
    desk = new Desk(undefined, 'a git revision');
    await desk.document.open();
    expect(await desk.fuse(0, 1)).toEqual({
      ok: false,
      message: 'Read-only: a git revision.',
    });
    expect(desk.document.state?.readOnly).toBe('a git revision');
    await expect(desk.document.save()).rejects.toThrow('a git revision');
  });
});

describe('saving', () => {
  it('writes the plan, which comes back when the model is opened again', async () => {
    await desk.fuse(0, 1);
    await desk.document.edit({ kind: 'planner', planner: 'pattern' });
    await desk.document.save();
    expect(desk.document.isDirty).toBe(false);
    const next = new Desk();
    next.saved = desk.saved;
    await next.document.open();
    expect(next.blocks).toBe('[c r] [t] [s]');
    expect(next.document.state?.edits).toEqual(desk.document.state?.edits);
    expect(next.document.isDirty).toBe(false);
    expect(next.worker.requests).toEqual(['document/open']);
  });

  it('is undone to the saved state cleanly, and dirty one step before it', async () => {
    await desk.fuse(0, 1);
    await desk.document.save();
    await desk.document.restore(desk.history[0]!.before);
    expect(desk.document.isDirty).toBe(true);
    await desk.document.restore(desk.history[0]!.after);
    expect(desk.document.isDirty).toBe(false);
  });

  it('keeps fields that it does not know', async () => {
    desk.saved = foreign;
    await desk.document.revert();
    await desk.fuse(0, 1);
    await desk.document.save();
    expect(JSON.parse(desk.saved!)).toMatchObject({ note: 'by hand' });
    expect(desk.blocks).toBe('[c r t] [s]');
  });

  it('goes into the storage when the folder cannot be written, and says so', async () => {
    desk.canWrite = false;
    await desk.document.revert();
    await desk.fuse(0, 1);
    await desk.document.save();
    expect(desk.saved).toBeUndefined();
    expect(desk.files.content.get('storage')).toContain('"fuse"');
    expect(desk.document.state?.diagnostics.map(({ code }) => code)).toEqual([
      'sidecar/stored-apart',
    ]);
    await desk.document.revert();
    expect(desk.blocks).toBe('[c r] [t] [s]');
  });

  it('goes into the storage when only writing shows that the folder is closed', async () => {
    desk.files.refused.add('model.onnx.fusion.json');
    await desk.fuse(0, 1);
    await desk.document.save();
    expect(desk.files.content.get('storage')).toContain('"fuse"');
    expect(desk.document.state?.diagnostics.map(({ code }) => code)).toEqual([
      'sidecar/stored-apart',
    ]);
    await desk.document.restore(desk.history[0]!.before);
    await desk.document.save();
    expect(desk.files.content.get('storage')).not.toContain('"fuse"');
  });

  it('starts a plan kept apart from the one that came with the model', async () => {
    desk.saved = foreign;
    desk.canWrite = false;
    await desk.document.revert();
    expect(desk.blocks).toBe('[c] [r t] [s]');
    await desk.fuse(0, 1);
    await desk.document.save();
    expect(desk.saved).toBe(foreign);
    expect(desk.files.content.get('storage')).toContain('by hand');
  });
});

describe('a plan file that cannot be used', () => {
  it.each([
    ['newer', '{"version":7}', /version 7.*left alone/],
    ['malformed', '{"version":1', /cannot be read/],
  ])('locks the document when it is %s, and is never overwritten', async (_, text, reason) => {
    desk.saved = text;
    await desk.document.revert();
    expect(desk.blocks).toBe('[c] [r] [t] [s]');
    expect(desk.document.state?.readOnly).toMatch(reason);
    expect(desk.document.state?.diagnostics).toHaveLength(1);
    expect((await desk.fuse(0, 1)).ok).toBe(false);
    await expect(desk.document.save(true)).rejects.toThrow(reason);
    expect(desk.saved).toBe(text);
  });

  it('makes way for a fresh plan when it is malformed, and is kept', async () => {
    desk.saved = 'rubbish';
    await desk.document.revert();
    expect(await desk.document.startFresh()).toBe('model.onnx.fusion.json.bak');
    expect(await desk.fuse(0, 1)).toEqual({ ok: true });
    await desk.document.save();
    expect(desk.files.content.get('model.onnx.fusion.json.bak')).toBe('rubbish');
    expect(desk.saved).toContain('"fuse"');
  });

  it('never makes way when it is newer', async () => {
    desk.saved = '{"version":7}';
    await desk.document.revert();
    await expect(desk.document.startFresh()).rejects.toThrow('must not be replaced');
    expect(desk.saved).toBe('{"version":7}');
  });
});

describe('a backup', () => {
  it('brings unsaved edits back, unsaved', async () => {
    await desk.fuse(0, 1);
    const backup = new TextEncoder().encode(await desk.document.settledText());
    const next = new Desk();
    next.saved = foreign;
    await next.document.open(backup);
    expect(next.blocks).toBe('[c r] [t] [s]');
    expect(next.document.isDirty).toBe(true);
    expect(next.saved).toBe(foreign);
    await next.document.save();
    expect(next.saved).toContain('"c"');
    expect(next.document.isDirty).toBe(false);
  });

  it('that is damaged is as good as none', async () => {
    const next = new Desk();
    next.saved = foreign;
    await next.document.open(new TextEncoder().encode('{'));
    expect(next.blocks).toBe('[c] [r t] [s]');
    expect(next.document.isDirty).toBe(false);
  });

  it('is reverted to what is saved', async () => {
    await desk.fuse(0, 1);
    desk.saved = foreign;
    await desk.document.revert();
    expect(desk.blocks).toBe('[c] [r t] [s]');
    expect(desk.document.isDirty).toBe(false);
  });
});

describe('files that change on disk', () => {
  it('own writes are no change', async () => {
    await desk.fuse(0, 1);
    await desk.document.save();
    expect(await desk.document.checkDisk()).toBe('same');
  });

  it('are opened again when the document is clean', async () => {
    desk.saved = foreign;
    expect(await desk.document.checkDisk()).toBe('reloaded');
    expect(desk.blocks).toBe('[c] [r t] [s]');
    expect(await desk.document.checkDisk()).toBe('same');
    desk.saved = undefined;
    expect(await desk.document.checkDisk()).toBe('reloaded');
    expect(desk.blocks).toBe('[c] [r] [t] [s]');
  });

  it('are a conflict when it is not: Overwrite', async () => {
    await desk.fuse(0, 1);
    desk.saved = foreign;
    expect(await desk.document.checkDisk()).toBe('plan');
    expect(desk.events.at(-1)).toBe('conflict plan');
    expect(desk.blocks).toBe('[c r] [t] [s]');
    await expect(desk.document.save()).rejects.toBeInstanceOf(PlanConflict);
    expect(desk.saved).toBe(foreign);
    await desk.document.overwrite('plan');
    expect(desk.saved).not.toContain('by hand');
    expect(desk.document.isDirty).toBe(false);
  });

  it('are a conflict when it is not: Revert', async () => {
    await desk.fuse(0, 1);
    desk.saved = foreign;
    await desk.document.checkDisk();
    await desk.document.revert();
    expect(desk.blocks).toBe('[c] [r t] [s]');
    expect(desk.saved).toBe(foreign);
  });

  it('a new model under unsaved edits: they stay, matched again, on Overwrite', async () => {
    await desk.fuse(0, 1);
    desk.worker.model = 'v2/c=Conv v2/r=Relu v2/t=Tanh v2/s=Softmax';
    desk.stamp = 'second';
    expect(await desk.document.checkDisk()).toBe('model');
    expect(desk.blocks).toBe('[c r] [t] [s]');
    await desk.document.overwrite('model');
    expect(desk.blocks).toBe('[v2/c v2/r] [v2/t] [v2/s]');
    expect(desk.document.isDirty).toBe(true);
    expect(desk.document.state?.diagnostics.map(({ code }) => code)).toEqual([
      'sidecar/structure-differs',
    ]);
    expect(await desk.document.checkDisk()).toBe('same');
  });

  it('a new model without unsaved edits is opened; what does not fit is kept and listed', async () => {
    await desk.fuse(0, 1);
    await desk.document.save();
    desk.worker.model = 'x=Gemm t=Tanh s=Softmax';
    desk.stamp = 'second';
    expect(await desk.document.checkDisk()).toBe('reloaded');
    expect(desk.blocks).toBe('[x] [t] [s]');
    expect(desk.document.state?.diagnostics.map(({ code }) => code)).toEqual([
      'sidecar/structure-differs',
      'plan/override-unmatched',
    ]);
    await desk.document.edit({ kind: 'planner', planner: 'none' });
    await desk.document.save();
    expect(desk.saved).toContain('"type": "Relu"');
  });

  it('a model that is gone changes nothing', async () => {
    desk.stamp = undefined as unknown as string;
    expect(await desk.document.checkDisk()).toBe('same');
  });
});

describe('a model that cannot be opened', () => {
  it('has an error page, and opens when it was repaired', async () => {
    desk = new Desk('broken');
    await desk.document.open();
    expect(desk.blocks).toBe('nothing');
    expect(desk.document.error).toMatchObject({ message: 'The file ends early.' });
    expect(await desk.fuse(0, 1)).toMatchObject({ ok: false });
    desk.worker.model = 'c=Conv r=Relu';
    desk.stamp = 'second';
    await desk.document.checkDisk();
    expect(desk.document.error).toBeNull();
    expect(desk.blocks).toBe('[c] [r]');
  });

  it('says so when opening was cancelled', async () => {
    desk.worker.failure = new RequestCancelled();
    await desk.document.revert();
    expect(desk.document.error?.title).toBe('Opening was cancelled');
    await desk.document.retry();
    expect(desk.document.state).not.toBeNull();
  });

  it('keeps unsaved edits through a model that was broken meanwhile', async () => {
    await desk.fuse(0, 1);
    desk.worker.model = 'broken';
    desk.stamp = 'second';
    await desk.document.checkDisk();
    await desk.document.overwrite('model');
    expect(desk.document.error?.message).toContain('ends early');
    expect(await desk.document.settledText()).toContain('"fuse"');
    expect(desk.document.isDirty).toBe(true);
    desk.worker.model = 'c=Conv r=Relu t=Tanh';
    await desk.document.retry();
    expect(desk.blocks).toBe('[c r] [t]');
  });

  it('keeps unsaved edits, undo and saving when the compiler gave up', async () => {
    await desk.fuse(0, 1);
    desk.worker.failure = new ModelError('internal/error', 'stopped 3 times');
    expect(await desk.fuse(1, 2)).toEqual({ ok: false, message: 'stopped 3 times' });
    expect(desk.document.error?.actions.map(({ id }) => id)).toContain('retry');
    await desk.document.restore(desk.history[0]!.before);
    await desk.document.restore(desk.history[0]!.after);
    await desk.document.save();
    expect(desk.saved).toContain('"fuse"');
    await desk.document.retry();
    expect(desk.blocks).toBe('[c r] [t] [s]');
  });
});
