/** Branded names for what travels: ids and hashes are lowercase hex in memory and in JSON, raw bytes on the wire. */
declare const brand: unique symbol
type Brand<T, B extends string> = T & { readonly [brand]: B }

/** 64 lowercase hex digits: SHA-256 or BLAKE3 of something. */
export type Hash = Brand<string, 'Hash'>
/** SHA-256 of a peer's Ed25519 public key, 64 lowercase hex digits; also its place on the ring. */
export type PeerId = Hash & { readonly [brand]: 'Hash' & 'PeerId' }
/** `host:port`, IPv6 in brackets. */
export type Address = Brand<string, 'Address'>
/** Bytes of 80: a Bitcoin-shaped header. */
export type Bytes = Uint8Array
