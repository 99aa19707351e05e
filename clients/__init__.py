"""Typed HTTP clients of the remote systems: no Django, no database, usable by themselves.

    from clients.ims import ImsClient, OAuthServerToServer
    from clients.sandbox_tooling import SandboxToolingClient
    from clients.tokens import MemoryTokenStore
    from clients.transport import adobe_connection

    key = OAuthServerToServer(client_id="...", client_secret="...", scopes=("openid", "AdobeID"))
    with ImsClient() as ims, adobe_connection(
        base_url="https://platform.adobe.io", ims_org_id="...@AdobeOrg",
        credential=key, token_store=MemoryTokenStore(), ims=ims,
    ) as connection:
        for package in SandboxToolingClient(connection).list_packages(limit=100).items:
            print(package.name, package.status)

Calls raise the errors of `clients.errors`; `clients.effects` says which calls change something.
"""
