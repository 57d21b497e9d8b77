/** Keys and what they do, side by side. */
import type { Model } from '../state.js'
import { type Line, lineWidth, type Span, styled } from '../text/line.js'

export type Hint = readonly [key: string, meaning: string]

/** As many as fit. */
export function hintSpans(hints: readonly Hint[], width: number, { look }: Pick<Model, 'look'>): Line {
  const line: Span[] = []
  for (const [key, meaning] of hints) {
    const more: Span[] = [line.length === 0 ? ' ' : '  ', styled('bold', key), styled('dim', ` ${meaning}`)]
    if (lineWidth([...line, ...more], look) > width) break
    line.push(...more)
  }
  return line
}
