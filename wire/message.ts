/**
 * Declares messages: each exists once (number, name, fields, size limit, who may send it when).
 * Types, encoder, decoder and docs/protocol.md all follow from the declaration.
 */
import type { Fields, Values } from './field.js'

/**
 * When a message may come. `introduction`: only as the first frame of each side; `greeting`: from then until both
 * hellos passed; `any`: at every moment.
 * `control` and `data` are the services a peer's link can serve; `local` is the user's own control socket.
 */
export type Phase = 'introduction' | 'any' | 'greeting' | 'control' | 'data' | 'local'
/** Which end may send it: the one that dialed, the one that listened, or both. */
export type Sender = 'both' | 'dialer' | 'listener'

export interface Declaration<F extends Fields = Fields> {
  /** 1 to 127, append-only: a number is never given twice. */
  readonly number: number
  readonly phase: Phase
  readonly sender: Sender
  /** Largest whole frame payload in bytes. */
  readonly limit: number
  readonly summary: string
  readonly fields: F
}

export function declare<F extends Fields>(
  number: number,
  phase: Phase,
  summary: string,
  fields: F,
  options: { readonly sender?: Sender; readonly limit?: number } = {},
): Declaration<F> {
  return { number, phase, summary, fields, sender: options.sender ?? 'both', limit: options.limit ?? 4096 }
}

export type Declarations = Readonly<Record<string, Declaration>>
/** The union of all messages of a table: `{ type: 'hello', version: 1, … }`. */
export type MessageOf<D extends Declarations> = {
  [K in keyof D & string]: { readonly type: K } & Values<D[K]['fields']>
}[keyof D & string]
