/**
 * Which of several control links between two peers stays. Both ends of a pair must give the same answer at different
 * moments, so only one of them gives it: the lower id decides and says `accept` on the link that it chose; until then
 * nothing but hellos is sent by either. Rules, in this order:
 *   1. only links on which both hellos passed compete;
 *   2. a later boot of the other peer replaces all links of its older ones;
 *   3. a link that was accepted and still answers stays;
 *   4. else the one dialed by the lower id stays, and is waited for while its hello is under way;
 *   5. else the newest one dialed by the higher id.
 * Invariant: no link is closed as a duplicate unless another one was accepted.
 */
import { type Boot, compareBoots } from './greeting.js'

export interface Contender {
  readonly serial: number
  readonly dialedByLower: boolean
  /** `greeting`: no hello of the other side yet. `greeted`: both passed. `settled`: accepted. */
  readonly stage: 'greeting' | 'greeted' | 'settled'
  /** Of the other peer; null while greeting. */
  readonly boot: Boot | null
}

export type Decision =
  | { readonly kind: 'wait' }
  | { readonly kind: 'accept'; readonly serial: number }
  /** Accepted before, and another has passed now: it stays if it answers. */
  | { readonly kind: 'challenge'; readonly serial: number }

/** What the lower id does about the links of one pair, all of the same boot. */
export function decide(links: readonly Contender[]): Decision {
  const greeted = links.filter(({ stage }) => stage === 'greeted')
  const settled = links.find(({ stage }) => stage === 'settled')
  if (greeted.length === 0) return { kind: 'wait' }
  if (settled !== undefined) return { kind: 'challenge', serial: settled.serial }
  const ours = greeted.filter(({ dialedByLower }) => dialedByLower)
  if (ours.length === 0 && links.some(({ stage, dialedByLower }) => stage === 'greeting' && dialedByLower)) {
    return { kind: 'wait' }
  }
  return { kind: 'accept', serial: newest(ours.length > 0 ? ours : greeted) }
}

/** Links of older boots than the newest that said hello. */
export function outdated(links: readonly Contender[]): readonly number[] {
  let latest: Boot | null = null
  for (const { boot } of links) if (boot !== null && (latest === null || compareBoots(boot, latest) > 0)) latest = boot
  if (latest === null) return []
  const newestBoot = latest
  return links.filter(({ boot }) => boot !== null && compareBoots(boot, newestBoot) < 0).map(({ serial }) => serial)
}

function newest(links: readonly Contender[]): number {
  return Math.max(...links.map(({ serial }) => serial))
}
