/**
 * Numbers 40-59: the Chord ring. Every question carries a number that its answer repeats; lists of successors run
 * clockwise from the sender, lists of predecessors counter-clockwise, both without the sender and without repetition.
 */
import { bool, hash, list, oneOf, peerId, u32 } from '../field.js'
import { declare } from '../message.js'

/** Length of a successor list and of a predecessor list (r). */
export const LIST_LENGTH = 16

/** How the sender stands: in a ring of one, in the ring, or in it without one trusted successor. */
export const STANDINGS = ['alone', 'member', 'isolated'] as const

const neighbours = list(peerId, LIST_LENGTH)

export const ringMessages = {
  ringPing: declare(40, 'control', 'are you in the ring', { request: u32 }),
  ringPong: declare(41, 'control', 'the answer to a ringPing', { request: u32 }),
  ringStabilise: declare(42, 'control', 'I may be your predecessor; who are your neighbours', {
    request: u32,
    predecessors: neighbours,
  }),
  ringNeighbours: declare(43, 'control', 'the answer to a ringStabilise', {
    request: u32,
    standing: oneOf(STANDINGS),
    successors: neighbours,
    predecessors: neighbours,
  }),
  ringStep: declare(44, 'control', 'one step of a lookup: who owns this key, or who is nearer to it', {
    request: u32,
    key: hash,
  }),
  ringRoute: declare(45, 'control', 'the answer to a ringStep', {
    request: u32,
    standing: oneOf(STANDINGS),
    /** 'owner': peers are the owner and those after it; 'nearer': whom to ask next, best first; 'none': cannot tell. */
    kind: oneOf(['owner', 'nearer', 'none'] as const),
    peers: list(peerId, LIST_LENGTH + 1),
  }),
  ringJoin: declare(46, 'control', 'asks its future predecessor to let the sender in', { request: u32 }),
  ringWelcome: declare(47, 'control', 'the answer to a ringJoin: yes with the whole lists, or no', {
    request: u32,
    accepted: bool,
    successors: neighbours,
    predecessors: neighbours,
  }),
  ringUpdate: declare(48, 'control', 'the lists of the sender changed; to its first successor and predecessor', {
    successors: neighbours,
    predecessors: neighbours,
  }),
  ringLeave: declare(49, 'control', 'the sender left the ring; these are the neighbours that it had', {
    successors: neighbours,
    predecessors: neighbours,
  }),
} as const
