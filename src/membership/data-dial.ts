/**
 * Dials one data link: tries the peer's addresses in turn until one is open and greeted. Such links stand outside the
 * duplicate rule.
 */
import type { Address, PeerId } from '../../wire/types.js'
import type { Cancel, Env, Link } from '../env.js'
import { isLoopback } from './address.js'
import { DIAL_TIMEOUT_MS } from './dialer.js'
import type { Pairs } from './pairs.js'

/** Near addresses answer at once or never. */
const LOOPBACK_TIMEOUT_MS = 2000

/** `addresses` are not empty; `opened` is called once, later, unless the returned call came first. */
export function dialData(
  env: Pick<Env, 'links' | 'after'>,
  pairs: Pairs,
  peer: PeerId,
  addresses: readonly Address[],
  opened: (link: Link | null, reason: string) => void,
): Cancel {
  let over = false
  let cancelDial: Cancel = () => {}
  const finish = (link: Link | null, reason: string): void => {
    if (over) {
      link?.close('normal', 'not wanted any more')
      return
    }
    over = true
    opened(link, reason)
  }
  const next = (place: number, reason: string): void => {
    const address = addresses[place]
    if (over) return
    if (address === undefined) {
      finish(null, reason)
      return
    }
    cancelDial = env.links.dial(address, {
      service: 'data',
      expect: peer,
      timeoutMs: isLoopback(address) ? LOOPBACK_TIMEOUT_MS : DIAL_TIMEOUT_MS,
      opened: (link) =>
        pairs.dialedData(
          link,
          () => finish(link, ''),
          (why) => finish(null, why),
        ),
      failed: (failure, detail) => next(place + 1, `${failure}: ${detail}`),
    })
  }
  next(0, '')
  return () => {
    over = true
    cancelDial()
  }
}
