/** How often a live neighbour is taken for dead: rings in which nobody dies, until so many cycles were made. */
import type { Cycles } from './counted.js'
import { type RingOptions, UdpRing, wait } from './ring.js'
import type { State } from './words.js'

export interface CyclesOptions extends Omit<RingOptions, 'seed'> {
  /** Each in a process of its own. */
  readonly rings: number
  /** Of one ring. */
  readonly peers: number
  readonly cycles: number
}

export interface LiveRings extends Cycles {
  readonly falseDeaths: number
  /** Peers with a watched neighbour whose datagrams did not pass at the beginning. */
  readonly unproven: number
  readonly seconds: number
  /** Share of the datagrams that were lost. */
  readonly lost: number
  /** Largest of the rings. */
  readonly lagP99Ms: number
  readonly lagMaxMs: number
}

const LOOK_EVERY_MS = 1_000
const LONGEST_MS = 3_600_000

export async function cycles(options: CyclesOptions): Promise<LiveRings> {
  const rings = Array.from({ length: options.rings }, (_, place) => new UdpRing({ ...options, seed: place + 1 }))
  try {
    const names = Array.from({ length: options.peers }, (_, place) => `live-${place}`)
    await Promise.all(rings.map((ring) => ring.add(names)))
    const peers = await Promise.all(rings.map((ring) => ring.settled()))
    const unproven = peers.flat().filter(({ proven }) => !proven).length
    return { ...(await watched(rings, options.cycles)), unproven }
  } finally {
    for (const ring of rings) ring.close()
  }
}

async function watched(rings: readonly UdpRing[], wanted: number): Promise<Omit<LiveRings, 'unproven'>> {
  const processes = rings.flatMap((ring) => ring.processes)
  const states = (): Promise<readonly State[]> => Promise.all(processes.map((one) => one.state()))
  let falseDeaths = 0
  for (const ring of rings) ring.onNews = ({ what }) => void (falseDeaths += what === 'departed' ? 1 : 0)
  for (const one of processes) one.forgetLag()
  const since = performance.now()
  const before = await states()
  for (;;) {
    await wait(LOOK_EVERY_MS)
    const now = await states()
    const grown = (of: (state: State) => number): number => total(now, of) - total(before, of)
    const made = grown(({ cycles }) => cycles.cycles)
    if (performance.now() - since > LONGEST_MS) throw new Error(`${made} cycles in ${LONGEST_MS} ms`)
    if (made < wanted) continue
    return {
      cycles: made,
      misses: grown(({ cycles }) => cycles.misses),
      suspects: grown(({ cycles }) => cycles.suspects),
      falseDeaths,
      seconds: (performance.now() - since) / 1_000,
      lost: grown(({ datagrams }) => datagrams.lost) / grown(({ datagrams }) => datagrams.datagrams),
      lagP99Ms: Math.max(...now.map(({ lagP99Ms }) => lagP99Ms)),
      lagMaxMs: Math.max(...now.map(({ lagMaxMs }) => lagMaxMs)),
    }
  }
}

const total = (states: readonly State[], of: (state: State) => number): number =>
  states.reduce((sum, state) => sum + of(state), 0)
