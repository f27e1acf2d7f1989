/** Identifiers by which a verifier finds the certificate that signed another one. */
export const subjectKeys = { setSubjectKeyId: true, setAuthorityKeyId: true } as const;
