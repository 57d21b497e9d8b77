/**
 * The limits at the door: what a peer may cost us before it is cut off. One place, each with its unit.
 */

/** Largest payload of a control frame; a message type may have less. */
export const CONTROL_FRAME_BYTES = 1 << 20
/** Largest chunk (16 MiB) and with it the largest payload of a data link's chunk frame, without the prefix. */
export const CHUNK_BYTES = 16 << 20

/** From connect (or accept) to a proven introduction. */
export const INTRODUCTION_MS = 5_000
/** From a proven introduction to both hellos. */
export const GREETING_MS = 5_000
/** Larger frames are bulk: they need not be whole within `FRAME_MS` but keep the bulk pace. */
export const BULK_FRAME_BYTES = 64 * 1024
/** A control frame that was begun must be whole within this. */
export const FRAME_MS = 2_000
/** A bulk frame must keep at least this pace over each `BULK_WINDOW_MS`. */
export const BULK_BYTES_PER_SECOND = 4_096
export const BULK_WINDOW_MS = 10_000
/** Frames that one link may send in a second; a burst of one second is let through. */
export const FRAMES_PER_SECOND = 5_000
/** Control output queued for one slow reader before its link is cut. */
export const QUEUED_CONTROL_BYTES = 1 << 20
/** Above this much queued output `send` answers 'full'. */
export const FULL_CONTROL_BYTES = 256 * 1024
/** A link whose queued output does not move for this long is cut. */
export const STALL_MS = 30_000
/** Memory held for frames that are not whole, over all links of a transport; chunks have their receiver's own. */
export const IN_FLIGHT_BYTES = 64 << 20
/** Introduced links of one transport, dialed and accepted, unless it is an anchor's; more are told 'busy'. */
export const LINKS = 1_024
/** Accepted connections that are not introduced yet; the oldest makes room. */
export const HALF_OPEN_STRANGERS = 200
/** From our `close` until the connection is torn down, whether or not the other end has read it. */
export const CLOSING_MS = 1_000
