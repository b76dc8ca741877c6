#!/bin/sh
# What `make install` and `make uninstall` do: kubectl apply -k, and delete, of an overlay with one's own image.
#
#   install.sh install|uninstall
#   install.sh manifest                    prints what install applies, as one file
#   IMAGE=registry.example/renderjob:1.2   the image; else the one that the manifests name
#   VARIANT=namespaced NAMESPACE=film      for one namespace, and without rights in any other
#   FORCE=yes                              uninstall although RenderJobs would be deleted
set -eu
cd "$(dirname "$0")/.."
overlay=out/install

fail() {
    echo "$*" >&2
    exit 1
}

ready() {
    command -v kubectl >/dev/null ||
        fail "kubectl is not on PATH: see https://kubernetes.io/docs/tasks/tools"
    said=$(kubectl get --raw /readyz --request-timeout=10s 2>&1) ||
        fail "kubectl reaches no cluster (KUBECONFIG=${KUBECONFIG:-~/.kube/config}): $(echo "$said" | tail -1)"
}

# Write the overlay: the variant, its namespace, and the image.
write_overlay() {
    rm -rf $overlay && mkdir -p $overlay
    {
        echo "apiVersion: kustomize.config.k8s.io/v1beta1"
        echo "kind: Kustomization"
        if [ "$variant" = namespaced ]; then
            echo "namespace: $namespace"
            echo "resources: [../../manifests/namespaced]"
        else
            echo "resources: [../../manifests]"
        fi
        [ -z "${IMAGE:-}" ] || write_image
    } >$overlay/kustomization.yaml
}

write_image() {
    echo "images:"
    echo "- name: renderjob"
    case $IMAGE in
    *@*) printf '  newName: "%s"\n  digest: "%s"\n' "${IMAGE%%@*}" "${IMAGE#*@}" ;;
    *)
        # A colon before the last slash is a registry's port.
        case ${IMAGE##*/} in
        *:*) printf '  newName: "%s"\n  newTag: "%s"\n' "${IMAGE%:*}" "${IMAGE##*:}" ;;
        *) printf '  newName: "%s"\n  newTag: latest\n' "$IMAGE" ;;
        esac
        ;;
    esac
}

# Whether the cluster knows RenderJobs.
defined() {
    kubectl get --raw /apis/renderjob.dev/v1alpha1 >/dev/null 2>&1
}

install() {
    if [ "$variant" = namespaced ]; then
        defined || fail "the cluster has no RenderJobs yet: an administrator runs \`kubectl apply -k crds\`, once"
        kubectl get namespace "$namespace" >/dev/null 2>&1 ||
            fail "there is no namespace $namespace yet: kubectl create namespace $namespace"
    fi
    kubectl apply -k $overlay
    kubectl -n "$namespace" rollout status deployment/renderjob-operator --timeout=180s || {
        kubectl -n "$namespace" get pods >&2
        fail "the operator is not ready yet; kubectl -n $namespace describe pods says why." \
            "Is its image where the nodes can pull it? make image builds it; IMAGE=… names another."
    }
}

uninstall() {
    if [ "$variant" != namespaced ] && defined; then
        left=$(kubectl get renderjobs --all-namespaces --output name | wc -l)
        [ "$left" -eq 0 ] || [ "${FORCE:-}" = yes ] ||
            fail "$left RenderJobs would be deleted with their definition, what they rendered would stay:" \
                "delete them first, or make uninstall FORCE=yes"
    fi
    kubectl delete -k $overlay --ignore-not-found
}

variant=${VARIANT:-}
case $variant in
"") namespace=renderjob-system ;;
namespaced)
    [ -n "${NAMESPACE:-}" ] || fail "VARIANT=namespaced needs the namespace: NAMESPACE=…"
    namespace=$NAMESPACE
    ;;
*) fail "VARIANT=$variant is not known: leave it out, or say VARIANT=namespaced" ;;
esac
case ${1:-} in
install | uninstall) ready && write_overlay && "$1" ;;
manifest) write_overlay && kubectl kustomize $overlay ;;
*) fail "usage: $0 install|uninstall|manifest" ;;
esac
