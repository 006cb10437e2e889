package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp"
	"helm.sh/helm/v4/pkg/provenance"
)

// What was signed of an archive, and by whose keys it may have been (`ProvenanceRequest` of the host).
type provenanceRequest struct {
	// Name of the archive's file, which is signed, too.
	File string `json:"file"`
	// The text of the file that `helm package --sign` writes.
	Provenance string `json:"provenance"`
	// Public keys as `gpg --export` writes them, armored or not.
	Keyring []byte `json:"keyring"`
}

// One of the three is set (`ProvenanceReply` of the host).
type provenanceReply struct {
	// Names of the key that signed.
	SignedBy []string `json:"signedBy,omitempty"`
	// Why the signature does not hold, in Helm's words.
	Refused string `json:"refused,omitempty"`
	// Why the keyring is of no use.
	Keyring string `json:"keyring,omitempty"`
}

func verifyArchive(request, archive []byte) reply {
	var wanted provenanceRequest
	if err := json.Unmarshal(request, &wanted); err != nil {
		return failed(chartInvalid, err)
	}
	found := verifyProvenance(archive, wanted)
	return reply{Provenance: &found}
}

// verifyProvenance does what `helm verify` does, with keys that are given and not looked for in files.
func verifyProvenance(archive []byte, wanted provenanceRequest) provenanceReply {
	ring, err := readKeyring(wanted.Keyring)
	if err != nil {
		return provenanceReply{Keyring: err.Error()}
	}
	signatory := provenance.Signatory{KeyRing: ring}
	found, err := signatory.Verify(archive, []byte(wanted.Provenance), wanted.File)
	if err != nil {
		return provenanceReply{Refused: err.Error()}
	}
	signers := []string{found.SignedBy.PrimaryKey.KeyIdString()}
	for name := range found.SignedBy.Identities {
		signers = append(signers, name)
	}
	slices.Sort(signers[1:])
	return provenanceReply{SignedBy: signers}
}

func readKeyring(data []byte) (openpgp.EntityList, error) {
	read := openpgp.ReadKeyRing
	if bytes.Contains(data, []byte("-----BEGIN PGP")) {
		read = openpgp.ReadArmoredKeyRing
	}
	ring, err := read(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if len(ring) == 0 {
		return nil, errors.New("there is no key in it")
	}
	for _, entity := range ring {
		if entity.PrivateKey != nil {
			return nil, errors.New("there is a private key in it; give the public one (gpg --export)")
		}
	}
	return ring, nil
}
