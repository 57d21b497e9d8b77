/**
 * From what a user typed to a manifest: asks the keepers of the name (one hop), then every other linked peer, and
 * believes the newest register of each publisher. What it learns on the way is merged like any other news.
 */

import { isHash } from '../../wire/hash.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { done, type Result, refused } from '../api.js'
import type { Cancel } from '../env.js'
import { checkName, type Manifest, parseLink } from './manifest.js'
import type { Parts } from './parts.js'
import { meantBy, type Register, wins } from './register.js'

const ASK_MS = 2_000
const MANIFEST_MS = 5_000
/** A manifest that was not found good by then is asked for elsewhere. */
const VETTING_MS = 2_000
/** After a first answer, others may know something newer. */
const LINGER_MS = 300
const MAX_ASKED = 64
const MAX_TRIED = 12

export class Lookup {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The manifest behind a name, a `name@publisher` or a link. */
  resolve(what: string, answer: (result: Result<Manifest>) => void): void {
    const link = parseLink(what)
    if (link !== null) {
      this.#resolveLink(link.id, link.name, answer)
      return
    }
    const name = what.normalize('NFC')
    if (checkName(name) !== null) {
      this.#later(() => answer(unknown(what)))
      return
    }
    this.registers(name, (registers) => {
      const meant = meantBy(registers)
      if (meant !== undefined) return this.#manifestOf(meant, answer)
      const at = name.lastIndexOf('@')
      if (at <= 0) return answer(unknown(what))
      this.#resolveAt(name.slice(0, at), name.slice(at + 1), answer)
    })
  }

  /** All registers of a name that its keepers know, or anybody where they know none. */
  registers(name: string, answer: (registers: readonly Register[]) => void): void {
    const { roster, mesh, env } = this.#parts
    const self = env.identity.id
    const keepers = roster.listers(name).filter((keeper) => keeper !== self)
    this.#ask(name, keepers, (found) => {
      if (found.length > 0) return answer(found)
      const others = [...mesh.linked()].filter((peer) => !keepers.includes(peer)).slice(0, MAX_ASKED)
      this.#ask(name, others, answer)
    })
  }

  #resolveAt(name: string, publisher: string, answer: (result: Result<Manifest>) => void): void {
    const whole = `${name}@${publisher}`
    this.registers(name, (registers) => {
      const live = registers.filter((register) => register.manifest !== null)
      const fits = live.filter(
        (one) => one.publisher.startsWith(publisher) || this.#parts.nameOf(one.publisher) === publisher,
      )
      const [only] = fits
      if (only === undefined) return answer(unknown(whole))
      if (fits.length > 1)
        return answer(refused(`"${publisher}" fits several publishers of "${name}": give more of the id`))
      this.#manifestOf(only, answer)
    })
  }

  #resolveLink(id: Hash, name: string | null, answer: (result: Result<Manifest>) => void): void {
    const keepers = name === null ? [] : this.#parts.roster.listers(name)
    this.manifest(id, [...keepers, ...this.#parts.mesh.linked()], (manifest) =>
      answer(manifest === null ? refused(`File does not exist: nobody here knows ${id}`) : done(manifest)),
    )
  }

  #manifestOf(register: Register, answer: (result: Result<Manifest>) => void): void {
    const { name, publisher, manifest: id } = register
    if (id === null) {
      answer(unknown(name))
      return
    }
    const from = [...this.#parts.roster.listers(name), publisher, ...this.#parts.mesh.linked()]
    this.manifest(id, from, (manifest) => {
      if (manifest !== null) return answer(done(manifest))
      answer(
        refused(
          `File does not exist: "${name}" is listed, but nobody who is online has its manifest: try again when more peers are here`,
        ),
      )
    })
  }

  /** A manifest by its id: from here, or from the first of these peers that has it. */
  manifest(id: Hash, from: readonly PeerId[], answer: (manifest: Manifest | null) => void): void {
    const { manifests, post, vetting, env } = this.#parts
    const known = isHash(id) ? manifests.get(id) : undefined
    if (known !== undefined) {
      this.#later(() => answer(known))
      return
    }
    const candidates = [...new Set(from)].filter((peer) => peer !== env.identity.id).slice(0, MAX_TRIED)
    let open = true
    const settle = (manifest: Manifest | null) => {
      if (open) answer(manifest)
      open = false
    }
    const next = () => {
      const peer = candidates.shift()
      if (!open) return
      if (peer === undefined) return this.#later(() => settle(null))
      const question = (request: number) => ({ type: 'manifestGet', request, manifest: id }) as const
      post.ask(peer, 'manifestIs', question, MANIFEST_MS, (is) => {
        if (!is?.manifest) return next()
        vetting.manifest(peer, id, is.manifest, settle)
        env.after(VETTING_MS, next)
      })
    }
    next()
  }

  /** Asks all of them and merges; answers early, shortly after the first that knows a live one. */
  #ask(name: string, peers: readonly PeerId[], answer: (registers: readonly Register[]) => void): void {
    const { env, names, post, vetting } = this.#parts
    const found = new Map<PeerId, Register>(names.of(name).map((register) => [register.publisher, register]))
    let waiting = peers.length
    let stop: Cancel = () => {}
    let open = true
    const settle = () => {
      if (open) answer([...found.values()])
      open = false
      stop()
    }
    const settleIn = (delayMs: number) => {
      stop()
      if (open) stop = env.after(delayMs, settle)
    }
    settleIn(peers.length === 0 ? 0 : ASK_MS)
    for (const peer of peers) {
      const question = (request: number) => ({ type: 'nameFind', request, name }) as const
      post.ask(peer, 'nameFound', question, ASK_MS, (answered) => {
        vetting.registers(
          peer,
          answered?.registers ?? [],
          (register) => names.knows(register),
          (good) => {
            for (const register of good) if (register.name === name) take(found, register)
            for (const register of good) names.merge(register, false)
            if (--waiting === 0) settleIn(0)
            else if (meantBy(found.values()) !== undefined) settleIn(LINGER_MS)
          },
        )
      })
    }
  }

  #later(then: () => void): void {
    this.#parts.env.after(0, then)
  }
}

function take(found: Map<PeerId, Register>, register: Register): void {
  const old = found.get(register.publisher)
  if (old === undefined || wins(register, old)) found.set(register.publisher, register)
}

function unknown(what: string): Result<never> {
  return refused(`File does not exist: "${what}" (files lists what there is)`)
}
