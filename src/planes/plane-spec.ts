import type { AskedPlaneResources } from '../api/plane-resources.ts';
import type { OwnerReference } from '../kube/object.ts';
import type { PlaneAudit } from './audit.ts';
import type { EtcdServer } from './store-server.ts';
import type { EncryptionState } from './encryption.ts';

/** Images of the programs of planes; each holds one program and nothing else, PostgreSQL's apart. */
export interface PlaneImages {
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly etcd: string;
  readonly kine: string;
  readonly postgres: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** Names of Secrets with registry credentials in the plane's namespace. */
  readonly pullSecrets?: readonly string[];
}

/** A file that the API server finds at `/etc/tenantry/<name>/<key>`: the keys of a Secret or ConfigMap of the namespace. */
export interface ExtraMount {
  readonly name: string;
  readonly from:
    | { readonly secret: string; /** Without it, all. */ readonly keys?: readonly string[] }
    | { readonly configMap: string };
}

/**
 * One control plane, whoever asked for it: ControlPlane or VirtualCluster. All of it lies in one namespace of the hosting cluster, that
 * the operator made for it.
 */
export interface PlaneSpec {
  /** Names the Service, and kubeconfigs' contexts. */
  readonly name: string;
  readonly namespace: string;
  readonly images: PlaneImages;
  /** API servers and controller managers. */
  readonly replicas: number;
  /** Members of an etcd of its own. Default: 1. */
  readonly etcdMembers?: number;
  /** Where the operator runs, which looks after stores; left out, it reaches none. */
  readonly operatorNamespace?: string;
  /** No pod runs; everything else is there. */
  readonly asleep?: boolean;
  /** Nor do the controllers, for a moment. */
  readonly controllersRest?: boolean;
  /** Whose the objects are: the value of their label `tenantry.dev/instance-uid`. */
  readonly ownerUid: string;
  readonly ownerReferences?: readonly OwnerReference[];
  /** On every object beside our own labels. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly serviceType: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** Further names of the API server, e.g. those it has outside. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Addresses of Services of the plane. */
  readonly serviceCidr: string;
  /** Life of the administrator's certificate, in seconds. */
  readonly adminSeconds: number;
  /** Of each program's containers, where they are not to be ours. */
  readonly resources?: AskedPlaneResources;
  /** Where the API server opens its connections to pods, nodes and webhooks; not given: straight to them. */
  readonly door?: PlaneDoor;
  /** Log of who asks the API for what; left out, there is none. */
  readonly audit?: PlaneAudit;
  /** How Secrets are written in the store; left out, as they are. */
  readonly encryption?: EncryptionState;
  readonly apiServer?: {
    /** After ours: the last one of a flag wins. */
    readonly args?: readonly string[];
    readonly mounts?: readonly ExtraMount[];
  };
  readonly controllerManager?: {
    /** Value of --controllers. */
    readonly controllers?: string;
    readonly args?: readonly string[];
  };
}

/** The operator's door for API servers of virtual clusters. */
export interface PlaneDoor {
  /** Service of the operator. */
  readonly host: string;
  readonly port: number;
  /** Where the pods behind it are. */
  readonly namespace: string;
}

/** Where a plane keeps its objects. */
export type PlaneStore =
  | {
      readonly kind: 'etcd';
      /** Size of the volume. */
      readonly size: string;
    }
  | ({
      /** An etcd of somebody's, with other planes in it. */
      readonly kind: 'etcd-prefix';
      /** What all of the plane's keys begin with. */
      readonly prefix: string;
    } & EtcdServer)
  | {
      readonly kind: 'postgres';
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly role: string;
      readonly password: string;
      /** Authority of the server's certificate, PEM. */
      readonly ca: string;
      /** Namespace of the server's pods, where it runs in this cluster. */
      readonly namespace?: string;
    };
