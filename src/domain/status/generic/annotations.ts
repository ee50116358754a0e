/** The annotations that define when an object is ready and when it has failed. */

/** On any object: when it is ready, and when it has failed for good (see readiness.ts). */
export const readyWhenAnnotation = 'orion.dev/ready-when';
export const failedWhenAnnotation = 'orion.dev/failed-when';
