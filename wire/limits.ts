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
/** A control frame that was begun must be whole within this. */
export const FRAME_MS = 2_000
/** A chunk frame must keep at least this pace over each `BULK_WINDOW_MS`. */
export const BULK_BYTES_PER_SECOND = 4_096
export const BULK_WINDOW_MS = 10_000
/** Frames that one link may send in a second; a burst of one second is let through. */
export const FRAMES_PER_SECOND = 5_000
/** Control output queued for one slow reader before its link is cut. */
export const QUEUED_CONTROL_BYTES = 1 << 20
/** Above this much queued output `send` answers 'full'. */
export const FULL_CONTROL_BYTES = 256 * 1024
/** A data link whose queued output does not move for this long is cut. */
export const DATA_STALL_MS = 30_000
/** Announced bytes of frames that have begun and are not whole, over all links of a process. */
export const IN_FLIGHT_BYTES = 64 << 20
/** Accepted connections that are not introduced yet; the oldest makes room. */
export const HALF_OPEN_STRANGERS = 200
/** What a link may still send after `close` before it is torn down. */
export const CLOSING_MS = 1_000
