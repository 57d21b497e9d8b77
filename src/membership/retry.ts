/**
 * How long to wait before trying again: exponential with full-range jitter, so that peers which lost each other at one
 * moment do not knock at one moment ever after (AWS "Exponential Backoff And Jitter", equal jitter).
 */
export const FIRST_RETRY_MS = 200
export const LONGEST_RETRY_MS = 30_000

/** `tries` failures so far, from 1; `random` in [0, 1). Between half and the whole of 200 ms x 2^(tries - 1), capped. */
export function retryDelayMs(tries: number, random: number): number {
  const whole = Math.min(FIRST_RETRY_MS * 2 ** Math.min(tries - 1, 20), LONGEST_RETRY_MS)
  return whole / 2 + (whole / 2) * random
}
