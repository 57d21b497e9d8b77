/** How hard the last blocks were: the expected hashes of each, as a power of two. */
import type { BlockView } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Line } from '../text/line.js'
import { expectedHashes } from '../text/proof.js'
import type { Contrib } from './contrib.js'
import { drawLines, labelsFor, niceStep } from './lines.js'

const LABELLED = 4

/** `blocks`: newest first. */
export function drawDifficulty(
  contrib: Contrib,
  blocks: readonly BlockView[],
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  if (blocks.length === 0) return []
  const oldestFirst = [...blocks].reverse()
  const powers = oldestFirst.map(({ bits }) => Math.log2(Math.max(1, expectedHashes(bits))))
  // a line needs two points
  const values = powers.length === 1 ? [...powers, ...powers] : powers
  const heights = oldestFirst.map(({ height }) => `#${Math.min(height, 99_999_999)}`)
  const x = heights.length === 1 ? [' ', ...heights] : heights
  const labels = labelsFor(height)
  const lowest = Math.max(0, Math.floor(Math.min(...values)) - 1)
  const to = lowest + niceStep(Math.max(...values) + 0.5 - lowest, labels, 1) * labels
  const axes = { x, labelEvery: Math.ceil(x.length / LABELLED), from: lowest, to, labels }
  return drawLines(contrib, [{ mark: look.glyphs.dot, colour: 'cyan', values }], axes, width, height, look)
}
