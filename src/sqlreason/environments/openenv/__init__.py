"""The session as an environment of OpenEnv (0.10): `openenv.yaml`, models, server and client. Extra `openenv`.

    python -m sqlreason.environments.openenv.openenv_server --port 8000
    openenv validate --url http://127.0.0.1:8000

`SqlEnvClient` speaks with it. A client that trains names the row when it resets; without one the server asks the
questions of the file in SQLREASON_QUESTIONS.
"""
