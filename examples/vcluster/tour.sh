#!/usr/bin/env bash
# Two customers on one cluster, each with a cluster of their own: customer-1 on a trial plan (5 cores, 10Gi, 3 pods), customer-2 on a paid
# one. Each step prints what it types; the first that does not do what it should ends the tour with its number.
#
#   examples/vcluster/tour.sh
#
#   KUBECONFIG   of the cluster's owner, with Tenantry in the cluster; kubectl, helm and vcluster are on PATH
#   CHART        the chart of virtual clusters (deploy/vcluster of this checkout)
#   IMAGE        what the customers run (registry.k8s.io/pause:3.10)
#   RUN          a command for that image, as a shell takes it (none)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
chart=${CHART:-$here/../../deploy/vcluster}
image=${IMAGE:-registry.k8s.io/pause:3.10}
run=${RUN:+-- $RUN}
# Contexts are changed in a copy; the kubeconfig of a customer is written where you are, as vcluster did it when this was first told.
cd "$(mktemp -d)"
kubectl config view --raw >host.yaml
chmod 600 host.yaml
export KUBECONFIG=$PWD/host.yaml XDG_STATE_HOME=$PWD/state
host=$KUBECONFIG
tidy() {
  code=$?
  # Also what a step that failed left.
  for customer in customer-1 customer-2; do
    KUBECONFIG=$host vcluster disconnect >/dev/null 2>&1 || true
    KUBECONFIG=$host vcluster delete $customer --namespace $customer --ignore-not-found >/dev/null 2>&1 || true
    KUBECONFIG=$host kubectl delete namespace $customer --ignore-not-found --wait=false >/dev/null 2>&1 || true
  done
  rm -rf "$PWD"
  exit $code
}
trap tidy EXIT

number=0
step() {
  number=$((number + 1))
  printf '\n== %s. %s\n' "$number" "$1"
}
# Prints a line, runs it and keeps what it printed in $shown.
type_in() {
  printf '$ %s\n' "$1"
  if ! shown=$(eval "$1" 2>&1); then
    printf '%s\n' "$shown"
    printf 'error: step %s failed: %s\n' "$number" "$1" >&2
    exit 1
  fi
  printf '%s\n' "$shown"
}
# What must be in what was printed: one pattern (grep -E) an argument.
expect() {
  local pattern
  for pattern in "$@"; do
    if ! grep -qE -- "$pattern" <<<"$shown"; then
      printf 'error: step %s did not show: %s\n' "$number" "$pattern" >&2
      exit 1
    fi
  done
}
# Types a line again until what it prints has the pattern; gives up after two minutes.
until_shows() {
  local deadline=$((SECONDS + 120))
  printf '$ %s\n' "$1"
  until shown=$(eval "$1" 2>&1) && grep -qE -- "$2" <<<"$shown"; do
    if ((SECONDS > deadline)); then
      printf 'error: step %s: not within two minutes: %s in\n%s\n' "$number" "$2" "$shown" >&2
      exit 1
    fi
    sleep 0.5
  done
  printf '%s\n' "$shown"
}
# Names of the customers' pods that run, as the host's owner sees them.
running() {
  KUBECONFIG=$host kubectl get pods -n "$1" --field-selector status.phase=Running -o name
}

step 'A virtual cluster for each customer, by the plan they pay for'
for n in 1 2; do
  type_in "kubectl create ns customer-$n"
  type_in "kubectl config set-context --current --namespace=customer-$n"
  type_in "helm upgrade --install customer-$n $chart --values $here/customer$n-values.yaml --namespace customer-$n"
done
for n in 1 2; do
  type_in "kubectl wait virtualcluster/customer-$n -n customer-$n --for=condition=Ready --timeout=180s"
done
type_in 'vcluster list'
expect 'customer-1 +customer-1 +Running' 'customer-2 +customer-2 +Running'
type_in 'kubectl get resourcequota -n customer-1'
expect 'count/pods: [01]/3' 'requests.cpu: [^/]*/5' 'requests.memory: [^/]*/10Gi'

step 'Customer 1 connects'
type_in 'vcluster connect customer-1 --namespace customer-1 --update-current=false --background-proxy'
expect 'kube config written to: ./kubeconfig.yaml'
type_in 'export KUBECONFIG=./kubeconfig.yaml'
export KUBECONFIG=$PWD/kubeconfig.yaml
type_in 'kubectl auth whoami'
until_shows 'kubectl get pods -n kube-system' 'coredns.* 1/1 +Running'

step 'A namespace that is seen only inside'
type_in 'kubectl create ns test'
type_in 'kubectl get ns'
expect '^test '
type_in "KUBECONFIG=$host kubectl get ns"
if grep -qE '^test ' <<<"$shown"; then
  printf 'error: step %s: the host shows the namespace, too\n' "$number" >&2
  exit 1
fi

step 'Two replicas run'
type_in "kubectl create deployment web -n test --replicas=2 --image=$image $run"
type_in 'kubectl rollout status deployment/web -n test --timeout=120s'
type_in "running customer-1"
expect 'web-.*-x-test-x-customer-1'

step 'The third is refused, and the customer is told why'
type_in 'kubectl scale deployment/web -n test --replicas=3'
until_shows "kubectl get events -n test --field-selector type=Warning -o custom-columns=REASON:.reason,MESSAGE:.message" 'exceeded quota: vc-customer-1.*count/pods'
type_in 'kubectl get deployment web -n test'
expect 'web +2/3'

step 'Customer 2, who pays, is not'
type_in 'KUBECONFIG=$host vcluster connect customer-2 --namespace customer-2 -- kubectl create ns test'
type_in "KUBECONFIG=\$host vcluster connect customer-2 --namespace customer-2 -- kubectl create deployment web -n test --replicas=5 --image=$image $run"
type_in 'KUBECONFIG=$host vcluster connect customer-2 --namespace customer-2 -- kubectl rollout status deployment/web -n test --timeout=120s'
type_in 'running customer-2 | grep -c web-'
expect '^5$'

step 'A better plan counts at once'
type_in "KUBECONFIG=\$host helm upgrade --install customer-1 $chart --values $here/customer1-values.yaml --set-json '{\"isolation\":{\"resourceQuota\":{\"quota\":{\"count/pods\":4}}}}' --namespace customer-1"
type_in 'kubectl rollout status deployment/web -n test --timeout=120s'

step 'Everything goes again'
export KUBECONFIG=$host
for n in 1 2; do
  type_in "helm delete customer-$n -n customer-$n"
done
for n in 1 2; do
  type_in "kubectl wait virtualcluster/customer-$n -n customer-$n --for=delete --timeout=120s"
  until_shows "kubectl get pods,services,configmaps,secrets -n customer-$n -l vcluster.loft.sh/managed-by=customer-$n" 'No resources found'
done
type_in 'vcluster list'
printf '\nThe tour is over: %s steps.\n' "$number"
