/**
 * Keeps the last few drawings of a chart. Invariant: inputs that are the same give the same lines without drawing
 * anything; two panes that draw one chart in two sizes do not push each other out.
 */

const KEPT = 4

/** `draw`, but arguments of which `keyOf` tells the same values answer what was drawn before. */
export function remembered<A extends readonly unknown[], R>(
  draw: (...args: A) => R,
  keyOf: (...args: A) => readonly unknown[],
): (...args: A) => R {
  const drawn: { readonly key: readonly unknown[]; readonly result: R }[] = [] // at most KEPT, newest first
  return (...args) => {
    const key = keyOf(...args)
    const known = drawn.find((one) => one.key.every((value, index) => Object.is(value, key[index])))
    if (known !== undefined) return known.result
    const result = draw(...args)
    drawn.unshift({ key, result })
    drawn.length = Math.min(drawn.length, KEPT)
    return result
  }
}
