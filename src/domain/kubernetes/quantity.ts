/** Kubernetes quantities (`250m`, `1.5`, `512Mi`, `1e3`). Source: k8s.io/apimachinery `resource.Quantity`. */

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const pattern = /^([+-]?[0-9.]+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]+))?$/;

/** The quantity in its base unit (cores, bytes); undefined when it is not one. */
export function parseQuantity(text: unknown): number | undefined {
  const match = pattern.exec(String(text));
  const factor = factors[match?.[2] ?? ''];
  const value = Number(`${match?.[1]}e${match?.[3] ?? '0'}`);
  return match === null || factor === undefined || Number.isNaN(value) ? undefined : value * factor;
}
