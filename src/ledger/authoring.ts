/**
 * What this peer writes itself: checks a user's words, signs the record, and lets the user wait for its block. Invariant:
 * a user is answered once; what was refused left no trace.
 */
import type { Hash } from '../../wire/types.js'
import type { Done, OnProgress, PollDraft, VoteOptions, VoteView, WaitOptions } from '../api.js'
import * as api from '../api.js'
import type { Cancel, Env } from '../env.js'
import type { Chain } from './chain.js'
import type { Admission } from './mempool.js'
import {
  DUPLICATE_VOTE,
  type LedgerRecord,
  MAX_CLOSES_S,
  MAX_NAME_BYTES,
  MAX_NOTE_BYTES,
  MAX_OPTIONS,
  MAX_QUESTION_BYTES,
  MAX_ROLL,
  MIN_OPTIONS,
  normaliseName,
  normaliseNote,
  normaliseQuestion,
  type Poll,
  type SignedRecord,
  signRecord,
} from './record.js'
import { reasonOf, refusalLine } from './refusal.js'
import type { Submissions } from './submissions.js'

export interface AuthoringHooks {
  /** Why this peer cannot mine, as words; null where it can or need not. */
  readonly trouble: () => string | null
  readonly admit: (signed: SignedRecord) => Admission
  /** It waits to be mined now. */
  readonly written: (signed: SignedRecord) => void
  /** Its user took it back. */
  readonly withdrawn: (id: Hash) => void
}

type Head = Pick<LedgerRecord, 'author' | 'time' | 'salt'>

type AuthoringEnv = Pick<Env, 'identity' | 'wallTime' | 'randomBytes' | 'sign' | 'after' | 'log'>

export class Authoring {
  readonly #env: AuthoringEnv
  readonly #chain: Chain
  readonly #submissions: Submissions
  readonly #hooks: AuthoringHooks

  constructor(env: AuthoringEnv, chain: Chain, submissions: Submissions, hooks: AuthoringHooks) {
    this.#env = env
    this.#chain = chain
    this.#submissions = submissions
    this.#hooks = hooks
  }

  vote(voter: string, choice: string, options: VoteOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    const names = { poll: normaliseName(options.poll), voter: normaliseName(voter), choice: normaliseName(choice) }
    if (names.poll === null || names.voter === null || names.choice === null) {
      const words = `voter, choice and poll are 1 to ${MAX_NAME_BYTES} bytes of plain text each`
      return this.#misused(`${DUPLICATE_VOTE} ${words}`, done)
    }
    const draft = { poll: names.poll, voter: names.voter, choice: names.choice }
    return this.#submit({ ...this.#head(), kind: 'ballot', ...draft }, options, progress, done)
  }

  note(text: string, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    const normal = normaliseNote(text)
    if (normal === null) return this.#misused(`a note is 1 to ${MAX_NOTE_BYTES} bytes of text`, done)
    return this.#submit({ ...this.#head(), kind: 'note', text: normal }, options, progress, done)
  }

  createPoll(draft: PollDraft, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    const record = pollOf(draft, this.#head())
    return typeof record === 'string' ? this.#misused(record, done) : this.#submit(record, options, progress, done)
  }

  /** Writes the end of a poll; nobody waits for it. */
  close(poll: string): void {
    const signed = this.#sign({ ...this.#head(), kind: 'close', poll })
    if (this.#hooks.admit(signed) === 'added') this.#hooks.written(signed)
  }

  #submit(record: LedgerRecord, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    const trouble = this.#hooks.trouble()
    if (trouble !== null) return this.#later(() => done(api.refused(`${trouble}, then try again`)))
    if (this.#submissions.isFull)
      return this.#later(() => done(api.refused('too many votes are waiting; try again later')))
    const signed = this.#sign(record)
    const { state, tip } = this.#chain
    // by our clock, not by that of the slowest miner who might still take it
    const nowS = Math.max(Math.floor(this.#env.wallTime() / 1000), tip.header.time)
    const admission = state.tally.conflict(signed, nowS) ?? this.#hooks.admit(signed)
    if (admission === 'full' || admission === 'expired' || admission === 'known')
      return this.#later(() => done(api.refused('too many records are pending; try again later')))
    if (admission !== 'added') {
      const reason = reasonOf(admission, signed, state.tally)
      this.#env.log('info', refusalLine(admission, signed, state.tally))
      const view: VoteView = { status: 'invalid', ballot: signed.id, block: '', height: tip.height, reason }
      return this.#later(() => done(api.done(view)))
    }
    this.#submissions.add(signed.id, progress, done, options.timeoutMs)
    this.#hooks.written(signed)
    return () => {
      if (this.#submissions.remove(signed.id)) this.#hooks.withdrawn(signed.id)
    }
  }

  #head(): Head {
    const { publicKey } = this.#env.identity
    return { author: publicKey, time: Math.floor(this.#env.wallTime()), salt: this.#env.randomBytes(8) }
  }

  #sign(record: LedgerRecord): SignedRecord {
    return signRecord(record, this.#chain.genesis.hash, (text) => this.#env.sign(text))
  }

  #misused(message: string, done: Done<VoteView>): Cancel {
    return this.#later(() => done({ ok: false, kind: 'usage', message }))
  }

  #later(call: () => void): Cancel {
    return this.#env.after(0, call)
  }
}

/** The record, or what is wrong with the words. */
function pollOf(draft: PollDraft, head: Head): Poll | string {
  const poll = normaliseName(draft.poll)
  if (poll === null) return `the name of a poll is 1 to ${MAX_NAME_BYTES} bytes of plain text`
  const question = normaliseQuestion(draft.question)
  if (question === null) return `a question is one line of at most ${MAX_QUESTION_BYTES} bytes`
  const options = draft.options.map(normaliseName).filter((option) => option !== null)
  if (options.length < draft.options.length) return `a choice is 1 to ${MAX_NAME_BYTES} bytes of plain text`
  if (options.length < MIN_OPTIONS || options.length > MAX_OPTIONS)
    return `a poll has ${MIN_OPTIONS} to ${MAX_OPTIONS} choices`
  const twice = options.find((option, place) => options.indexOf(option) !== place)
  if (twice !== undefined) return `the choice "${twice}" stands there twice`
  const { closes } = draft
  if (!Number.isInteger(closes) || closes < 0 || closes > MAX_CLOSES_S)
    return 'a poll closes at whole seconds before 2106'
  const roll = [...new Set(draft.roll)].sort()
  if (roll.length > MAX_ROLL) return `a roll has at most ${MAX_ROLL} peers`
  return { ...head, kind: 'poll', poll, question, options, closes, roll }
}
