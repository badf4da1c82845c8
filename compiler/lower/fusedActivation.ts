/**
 * The activation that com.microsoft's fused operators name in an attribute, with its parameters.
 */
import type { Expr } from '../loop/expr.ts';
import { binary, compare, select, unary } from '../loop/expr.ts';
import { gelu, sigmoid } from './elementwiseUnary.ts';
import type { LowerOp } from './lowerOp.ts';
import { lit, plus, times } from './terms.ts';

/** Of `activation` and `activation_params` (FusedConv), or `activation_alpha` and its like (FusedGemm). */
export function fusedActivation(op: LowerOp): (x: Expr) => Expr {
  const attribute = op.attribute('activation_params');
  const listed = attribute?.kind === 'floats' ? attribute.value : [];
  const parameter = (at: number, name: string, fallback: number): number =>
    listed[at] ?? op.float(`activation_${name}`, fallback);
  switch (op.string('activation', '')) {
    case '':
      return (x) => x;
    case 'Relu':
      return (x) => binary('max', x, lit(x, 0));
    case 'Tanh':
      return (x) => unary('tanh', x);
    case 'Sigmoid':
      return sigmoid;
    case 'LeakyRelu': {
      const slope = parameter(0, 'alpha', op.float('leaky_relu_alpha', 0.01));
      return (x) => select(compare('lt', x, lit(x, 0)), times(x, lit(x, slope)), x);
    }
    case 'Clip': {
      const [low, high] = [parameter(0, 'alpha', -Infinity), parameter(1, 'beta', Infinity)];
      return (x) => binary('min', binary('max', x, lit(x, low)), lit(x, high));
    }
    case 'HardSigmoid': {
      const [alpha, beta] = [parameter(0, 'alpha', 0.2), parameter(1, 'beta', 0.5)];
      return (x) => {
        const line = plus(times(x, lit(x, alpha)), lit(x, beta));
        return binary('min', binary('max', line, lit(x, 0)), lit(x, 1));
      };
    }
    case 'Gelu':
      return (x) => gelu(x, false);
    default:
      return op.unsupported('its activation');
  }
}
