import type { Reason } from '../../failure/reasons.ts';

/** Remedies: one sentence per reason of a failed rollout. */
export const remedies: Partial<Readonly<Record<Reason, string>>> = {
  'crash-loop': 'Read the last log lines, correct the program or its configuration, and deploy again.',
  'init-container-failed': 'Read the last log lines of the init container; the other containers wait for it.',
  'out-of-memory':
    'Raise resources.limits.memory, or find out why the program needs more memory than before.',
  'image-not-found':
    'Check the image name and tag, and that the image has been pushed, built for the platform of the nodes.',
  'image-unauthorized':
    'Give the pods an imagePullSecret (or the nodes credentials) with permission to pull the image.',
  'image-invalid': 'Write the image as registry/repository:tag, in lower case.',
  'image-pull-failing': 'Check whether the registry is up and reachable from the nodes, then deploy again.',
  'container-config-error': 'Create the missing object, or correct the reference to it.',
  'container-cannot-run': 'Correct command and args: the program must exist in the image and be executable.',
  'readiness-probe-failing':
    "Correct the readiness probe's port and path, or the endpoint that it requests; if the program only needs longer, give it a startupProbe.",
  'readiness-gate-closed':
    'Check whether the controller that sets this condition runs and handles these pods; if it only needs longer, raise readiness-gate-timeout and timeout.',
  'liveness-probe-failing':
    "Correct the liveness probe's port and path, or allow more time with failureThreshold or a startupProbe.",
  'startup-probe-failing':
    "Correct the startup probe's port and path, or allow more time with its failureThreshold and periodSeconds.",
  'quota-exceeded': 'Raise the ResourceQuota, or lower the replicas or requests so that the new pods fit.',
  'pod-creation-forbidden': 'Change the pod template so that admission accepts it, as the message says.',
  unschedulable: 'Lower the requests, relax the constraints that the message names, or add a node.',
  'volume-pending':
    'Find out why the volume does not bind or mount: its class, its claim, or a node to which it is still attached.',
  'job-failed':
    'Read the last log lines of its pod; a Job cannot be resumed, deploy it again under a new name.',
  'old-pod-blocks': 'Delete the pod that the message names, and deploy again.',
  'object-failed':
    'Correct what its controller reports; `kubectl describe` shows all its conditions and events.',
  'changed-by-other':
    'Find out who writes that field and why: put the value into the overlay, or remove the field from it, and deploy again.',
  'progress-deadline-exceeded':
    'Find out what the pods wait for; raise progressDeadlineSeconds if they only need longer.',
  'rollout-timeout': 'Find out what the pods wait for; raise the timeout input if they only need longer.',
};
