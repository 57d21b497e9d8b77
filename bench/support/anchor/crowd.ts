/**
 * A dedicated anchor and many peers that are nothing but membership, on virtual time and a few machines: how soon a
 * newcomer is in everybody's list, and how soon all of a crowd that joins in one instant know all. Messages take 1 to 20 ms.
 */
import { chainId } from '../../../src/ledger/genesis.js'
import { EASY_PARAMS } from '../../../src/ledger/params.js'
import { type Dweller, Scene, type SimAnchor } from '../../../test/anchor/scene.js'
import { Resident } from '../../../test/membership/town.js'
import { cpuTime } from './clock.js'

/** Peers of one machine have one of them as its anchor; with one machine each, all would be anchors. */
const MACHINES = 4
const LATENCY_MS = [1, 20] as const
/** The list of a newcomer may wait for entries that come through others. */
const GIVE_UP_MS = 600_000

class Townsman extends Resident implements Dweller {
  readonly peers = () => this.membership.peers()
}

export interface Pushed {
  readonly peers: number
  /** From its first SYN until all had the newcomer as a member, one for each newcomer. */
  readonly toAllMs: readonly number[]
}

export interface Crowd {
  readonly peers: number
  /** From the start of all until each one knows all others as members. */
  readonly knownMs: number
  /** Until each one knows nine out of ten. */
  readonly mostMs: number
  /** What it cost here. */
  readonly cpuSeconds: number
}

class Town {
  readonly scene: Scene
  readonly anchor: SimAnchor

  constructor(seed: number) {
    this.scene = new Scene(seed, { latencyMs: LATENCY_MS }, (env, { listen, join }) => {
      const resident = new Townsman(env, { listen, join })
      resident.chain = chainId(env.network.genesisSeed, EASY_PARAMS)
      resident.membership.start((result) => {
        if (!result.ok) env.fatal(result.message)
      })
      return resident
    })
    this.anchor = this.scene.addAnchor()
    this.scene.world.run('1 s')
  }

  add(count: number): void {
    const { peers, world } = this.scene
    for (let more = 0; more < count; more++) {
      peers.push(world.addPeer({ host: `m${peers.length % MACHINES}`, listen: [], join: this.scene.doors() }))
    }
  }

  get residents(): readonly Townsman[] {
    return this.scene.peers.map(({ peer }) => peer as Townsman)
  }

  /** How many of the others the one who knows fewest has as members. */
  fewest(): number {
    return Math.min(...this.residents.map(({ witness }) => witness.members.size))
  }

  /** Runs to the first instant at which it holds, to `stepMs`. */
  until(what: string, holds: () => boolean, stepMs: number): number {
    const { world } = this.scene
    const since = world.now
    while (!holds()) {
      if (world.now - since > GIVE_UP_MS) throw new Error(`waited ${GIVE_UP_MS} ms (virtual) in vain for ${what}`)
      world.run(stepMs)
    }
    return world.now
  }
}

/** One newcomer after the other into a network of so many at rest. */
export function pushed(peers: number, newcomers: number, seed: number): Pushed {
  const town = new Town(seed)
  town.add(peers)
  town.until('the network to settle', () => town.fewest() === peers, 100)
  const { world } = town.scene
  world.run('10 s')
  const toAllMs = Array.from({ length: newcomers }, () => {
    const before = town.residents
    town.add(1)
    const newcomer = town.scene.peers.at(-1)
    if (newcomer === undefined) throw new Error('nobody was added')
    const { id } = newcomer
    const said = (): number | undefined => newcomer.log.find(({ text }) => text.startsWith('SYN sent to '))?.time
    town.until('the first SYN', () => said() !== undefined, 1)
    const end = town.until('all to know the newcomer', () => before.every(({ witness }) => witness.members.has(id)), 1)
    world.run('2 s')
    return end - (said() ?? Number.NaN)
  })
  return { peers, toAllMs }
}

/** All at once, told only where the anchor is. */
export function crowd(peers: number, seed: number): Crowd {
  const since = cpuTime()
  const town = new Town(seed)
  town.add(peers)
  const begun = town.scene.world.now
  const others = peers // all but itself, and the anchor
  const most = town.until('most to be known', () => town.fewest() >= 0.9 * others, 50)
  const end = town.until('all to be known', () => town.fewest() >= others, 50)
  return { peers, knownMs: end - begun, mostMs: most - begun, cpuSeconds: cpuTime() - since }
}
