/**
 * What rewriting is asked and what it says of itself (DNNFusion section 4.2): plain data, so that the user sees every
 * application, switches any of them off, and a saved plan brings the same graph back.
 */
import type { Model } from '../graph/graph.ts';

/** Properties that rules are built on, as the paper counts them, and what inference adds (`dnnfusion.md` 4.1). */
export const REWRITE_CLASSES = [
  'associative',
  'distributive',
  'commutative',
  'identity',
  'linear',
  'movement',
] as const;
export type RewriteClass = (typeof REWRITE_CLASSES)[number];

/** The user's choice, part of the edits of a plan. */
export interface RewriteSettings {
  readonly enabled: boolean;
  /** Rules that can change the domain of a value (Sqrt(B)·Sqrt(B) → B needs B ≥ 0). */
  readonly fastMath: boolean;
  readonly offClasses: readonly RewriteClass[];
  /** Names of rules. */
  readonly offRules: readonly string[];
  /** Ids of applications. */
  readonly offApplications: readonly string[];
}

export const DEFAULT_REWRITES: RewriteSettings = {
  enabled: true,
  fastMath: false,
  offClasses: [],
  offRules: [],
  offApplications: [],
};

export const NO_REWRITES: RewriteSettings = { ...DEFAULT_REWRITES, enabled: false };

/** Of one inference. */
export interface GraphCost {
  readonly operators: number;
  readonly flops: number;
  /** Of tensors that flow between operators. */
  readonly bytes: number;
}

/** Of one inference; negative where a cost rises. */
export interface Savings {
  readonly flops: number;
  /** Bytes of tensors between operators that are neither written nor read any more. */
  readonly bytes: number;
  readonly operators: number;
}

/** A small graph to show: what an application found, or what it put in its place. */
export interface RewriteSketch {
  readonly nodes: readonly {
    /** Operator id; for inputs and constants the name of the value. Untrusted text. */
    readonly id: string;
    readonly role: 'operator' | 'input' | 'constant';
    /** Operator type, or the shape of the value. */
    readonly label: string;
  }[];
  /** Indices into `nodes`, from producer to consumer. */
  readonly edges: readonly (readonly [from: number, to: number])[];
}

export interface RewriteApplication {
  /** `rule@operator`: the same again for the same model, whatever else is on or off. */
  readonly id: string;
  readonly rule: string;
  readonly ruleClass: RewriteClass;
  /** Ids of operators that went and that came. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /** ONNX nodes it is about. */
  readonly originalIds: readonly string[];
  readonly saves: Savings;
  readonly before: RewriteSketch;
  readonly after: RewriteSketch;
}

export interface RewriteResult {
  /** Inferred, like the model that went in. */
  readonly model: Model;
  /** In the order they were made. */
  readonly applications: readonly RewriteApplication[];
  /** Applications that the settings keep off, as they would be at their places; without sketches beyond `before`. */
  readonly declined: readonly RewriteApplication[];
}
