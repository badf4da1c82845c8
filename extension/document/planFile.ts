/**
 * Where a plan is kept, as the document sees it: one file that may be absent, and the two places a model's
 * plan can have. No `vscode` in here, so that saving and conflicts are tested without an editor.
 */

/** One file. Errors of the file system pass through. */
export interface PlanFile {
  /** undefined: there is no such file. */
  read(): Promise<Uint8Array | undefined>;
  write(content: Uint8Array): Promise<void>;
  /** Renames a file that cannot be read; answers the new name for the user. */
  setAside(): Promise<string>;
}

export interface PlanPlaces {
  /** `model.onnx.fusion.json`; undefined where the file system takes no files. */
  readonly beside: PlanFile | undefined;
  /** In the extension's own storage, for models in folders that cannot be written. */
  readonly storage: PlanFile;
  /** Whether a failed write means that this place never works (no permission, read-only). */
  readonly isRefusal: (error: unknown) => boolean;
  /** Asked once a load: can files be made beside the model? */
  readonly canWriteBeside: () => Promise<boolean>;
}
