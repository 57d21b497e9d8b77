/** Numbers 40-59: the Chord ring. */
export const ringMessages = {} as const
