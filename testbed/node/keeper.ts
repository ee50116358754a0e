/**
 * The program that lives as long as the node: it holds the machine's lock and gives LoadBalancer Services their addresses.
 * Started by node.ts as `node keeper.ts <state folder> <kubeconfig>`; never imported.
 */
import { connectTo } from './kubernetes-api.ts';
import { balanceLoad } from './load-balancer.ts';
import { takeMachineLock } from './machine-lock.ts';
import { loadBalancerAddresses } from './network.ts';
import { noteOwner } from './teardown.ts';

const [stateDirectory = '', kubeconfig = ''] = process.argv.slice(2);
const lock = await takeMachineLock({ stateDirectory, processId: process.pid });
if (lock === undefined) {
  console.error('another real node has the machine');
  process.exitCode = 1;
} else {
  await noteOwner(stateDirectory);
  await balanceLoad(await connectTo(kubeconfig), loadBalancerAddresses);
}
