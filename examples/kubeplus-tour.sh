#!/usr/bin/env bash
# KubePlus's own page, step by step, on a cluster of yours: a provider without an administrator's rights offers WordPress as a service,
# two customers get a site each, everything is looked at and given back. Each step prints what it types; the first that does not do
# what the page shows ends the tour with its number.
#
#   examples/kubeplus-tour.sh
#
#   KUBECONFIG      of the cluster's owner; kubectl, helm and tenantry's kubectl plug-ins (`tenantry plugins install`) are on PATH
#   KUBEPLUS_NS     where the operator goes (kubeplus)
#   OPERATOR_CHART  our chart: a folder, an archive or an address (deploy/chart of this checkout)
#   HELM_ARGS       more for `helm install`, e.g. `--set image.repository=…` (none)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export KUBEPLUS_NS=${KUBEPLUS_NS:-kubeplus}
chart=${OPERATOR_CHART:-$here/../deploy/chart}
example=$here/multitenancy/wordpress
file=kubeplus-saas-provider.json
# The provider's file is written where you are; the tour leaves nothing but what was there before.
cd "$(mktemp -d)"
trap 'code=$?; rm -rf "$PWD"; exit $code' EXIT

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
# What the page shows must be in what was printed: one pattern (grep -E) an argument.
expect() {
  local pattern
  for pattern in "$@"; do
    if ! grep -qE -- "$pattern" <<<"$shown"; then
      printf 'error: step %s did not show: %s\n' "$number" "$pattern" >&2
      exit 1
    fi
  done
}
# Types a line again until it works; gives up after two minutes.
until_works() {
  local deadline=$((SECONDS + 120))
  printf '$ until %s; do sleep 1; done\n' "$1"
  until shown=$(eval "$1" 2>&1); do
    if ((SECONDS > deadline)); then
      printf 'error: step %s: not within two minutes: %s\n%s\n' "$number" "$1" "$shown" >&2
      exit 1
    fi
    sleep 1
  done
  printf '%s\n' "$shown"
}

step 'Create the provider’s kubeconfig'
type_in "python3 $here/../provider-kubeconfig.py create \$KUBEPLUS_NS"
expect "Provider kubeconfig created: $file"

step 'Install the operator with it'
type_in "helm install kubeplus $chart --kubeconfig=$file -n \$KUBEPLUS_NS ${HELM_ARGS:-}"
until_works 'kubectl get pods -A | grep kubeplus | grep Running'
type_in "kubectl rollout status -n \$KUBEPLUS_NS deployment/kubeplus-operator --timeout=120s"

step 'Create the API that wraps the WordPress chart'
type_in "kubectl upload chart $example/chart $file"
type_in "kubectl create -f $example/wordpress-service-composition.yaml --kubeconfig=$file"
until_works "kubectl get crds --kubeconfig=$file | grep wordpressservices"
type_in "kubectl wait resourcecomposition/wordpress-service-composition --for=condition=Ready --timeout=60s --kubeconfig=$file"
type_in "kubectl get resourcecompositions --kubeconfig=$file"
expect 'wordpress-service-composition'
type_in "kubectl describe resourcecomposition wordpress-service-composition --kubeconfig=$file"
expect 'Status: +New CRD defined in ResourceComposition created successfully\.'

step 'Create an instance for each of two customers'
type_in "kubectl create -f $example/tenant1.yaml --kubeconfig=$file"
type_in "kubectl create -f $example/tenant2.yaml --kubeconfig=$file"
type_in "kubectl wait wordpressservice --all --for=condition=Ready --timeout=300s --kubeconfig=$file"

step 'Check the instances'
type_in "kubectl get wordpressservices --kubeconfig=$file"
expect '^NAME .*AGE' '^wp-for-tenant1 ' '^wp-for-tenant2 '
type_in "kubectl describe wordpressservices wp-for-tenant1 --kubeconfig=$file"
expect 'wordpressservice-wp-for-tenant1'

step 'Check what was created for one'
# The dash is the long one of the page.
type_in "kubectl appresources WordpressService wp-for-tenant1 –k $file"
in='^wp-for-tenant1 +'
expect '^NAMESPACE +KIND +NAME' "^$KUBEPLUS_NS +WordpressService +wp-for-tenant1" \
  "${in}PersistentVolumeClaim +mysql-pv-claim" "${in}PersistentVolumeClaim +wp-for-tenant1" \
  "${in}Service +wordpress-mysql" "${in}Service +wp-for-tenant1" \
  "${in}Deployment +mysql" "${in}Deployment +wp-for-tenant1" \
  "${in}Pod +mysql-[0-9a-f]+-" "${in}Pod +wp-for-tenant1-[0-9a-f]+-" \
  "${in}NetworkPolicy +allow-external-traffic" "${in}NetworkPolicy +restrict-cross-ns-traffic" \
  "${in}ResourceQuota +wordpressservice-wp-for-tenant1"

step 'Check what it uses'
# Measured every few seconds: a pod that just started has no figures yet.
until_works "kubectl metrics WordpressService wp-for-tenant1 \$KUBEPLUS_NS -k $file | grep 'Total CPU' | grep -v unknown"
type_in "kubectl metrics WordpressService wp-for-tenant1 \$KUBEPLUS_NS -k $file"
expect 'Kubernetes Resources created:' 'Number of Sub-resources: -' 'Number of Pods: 2' 'Number of Containers: 2' \
  'Number of Nodes: 1' 'Number of Not Running Pods: 0' 'Underlying Physical Resoures consumed:' \
  'Total CPU\(cores\): [0-9.]+m' 'Total MEMORY\(bytes\): [0-9.]+Mi' 'Total Storage\(bytes\): [0-9.]+Gi' \
  'Total Network bytes received: ' 'Total Network bytes transferred: '

step 'Clean up'
type_in "kubectl delete -f $example/tenant1.yaml --kubeconfig=$file"
type_in "kubectl delete -f $example/tenant2.yaml --kubeconfig=$file"
type_in "kubectl delete -f $example/wordpress-service-composition.yaml --kubeconfig=$file"
type_in "helm delete kubeplus -n \$KUBEPLUS_NS"
type_in "python3 $here/../provider-kubeconfig.py delete \$KUBEPLUS_NS"

printf '\nThe tour is over: everything worked as the page shows.\n'
