/** Why a record cannot follow what is in the chain, and how a person is told. */
import { DUPLICATE_VOTE, type SignedRecord } from './record.js'
import type { Tally } from './tally.js'

/** A record against the chain and the time of the block that would hold it. */
export type Refusal =
  /** A ballot: its voter has one in this poll. */
  | 'duplicate'
  /** A ballot: its author has one in this poll, whose roll gives each peer one. */
  | 'voted'
  /** A ballot: not a choice of its poll. */
  | 'choice'
  /** A ballot: its author is not on the roll. */
  | 'roll'
  /** A ballot: its poll has ended by then. */
  | 'closed'
  /** A poll: its name is registered. */
  | 'taken'
  /** A poll: its name has ballots as an open poll. */
  | 'begun'
  /** A poll: it would have ended by then. */
  | 'over'
  /** A close: no poll of that name is registered. */
  | 'unregistered'
  /** A close: its poll has not ended by then, or never does. */
  | 'early'
  /** A close: its poll has one. */
  | 'final'

/** 'known': the very same record is there already. */
export type Conflict = 'known' | Refusal

/** The line of the log about it. */
export function refusalLine(refusal: Refusal, signed: SignedRecord, tally: Tally): string {
  return `${signed.record.kind === 'poll' ? 'Invalid poll!' : DUPLICATE_VOTE} ${reasonOf(refusal, signed, tally)}`
}

/** What a user who wrote it is told, and what to do next. */
export function reasonOf(refusal: Refusal, { record }: SignedRecord, tally: Tally): string {
  if (record.kind === 'note') return ''
  const { poll } = record
  const registered = tally.registered(poll)?.record
  switch (refusal) {
    case 'duplicate':
      return `${record.kind === 'ballot' ? record.voter : ''} has a ballot in ${poll} already`
    case 'voted':
      return `this peer has a ballot in ${poll} already: each peer on its roll has one`
    case 'choice': {
      const choice = record.kind === 'ballot' ? record.choice : ''
      return `${poll} has no choice "${choice}": ${registered?.options.join(', ') ?? ''}`
    }
    case 'roll':
      return `this peer is not on the roll of ${poll}: ask a peer that is`
    case 'closed':
      return `${poll} is closed since ${dateOf(registered?.closes ?? 0)}: poll show ${poll}`
    case 'taken':
      return `a poll ${poll} is registered already: poll show ${poll}`
    case 'begun':
      return `${poll} is an open poll that has ballots: choose another name`
    case 'over':
      return `${poll} would end before it begins: choose a later --closes`
    case 'unregistered':
      return `no poll ${poll} is registered`
    case 'early':
      return `${poll} has not ended yet`
    case 'final':
      return `${poll} is final already`
  }
}

/** `2026-11-21 04:24:29 UTC` */
export function dateOf(timeS: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: turns a number into words, reads no clock
  return `${new Date(timeS * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
