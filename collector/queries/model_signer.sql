SELECT private_key FROM model_signer
