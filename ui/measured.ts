/**
 * Figures that are measured all the time (round trips, byte counts, rates) and whose every change is no news. A picture in
 * which nothing else changed can wait: painting is what an idle console would spend its processor time on.
 */
import type { Snapshot } from '../src/api.js'

const MEASURED: ReadonlySet<string> = new Set([
  'rttMs',
  'sent',
  'received',
  'down',
  'up',
  'score',
  'rates',
  'clockOffsetMs',
])

/** Whether the two differ in nothing but measured figures. */
export function sameButMeasured(before: Snapshot | null, after: Snapshot | null): boolean {
  return same(before, after)
}

function same(before: unknown, after: unknown): boolean {
  if (Object.is(before, after)) return true
  if (typeof before !== 'object' || typeof after !== 'object' || before === null || after === null) return false
  const others = new Map(Object.entries(after))
  const entries = Object.entries(before)
  if (entries.length !== others.size) return false
  return entries.every(([key, value]) => MEASURED.has(key) || (others.has(key) && same(value, others.get(key))))
}
