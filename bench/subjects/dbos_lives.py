"""DBOS: a life is a workflow of five steps, each of which does nothing and is recorded."""

from urllib.parse import quote

from dbos import DBOS

from bench.subjects.protocol import STEPS, database, serve


@DBOS.step()
def step(number: int) -> int:
    """One durable step."""
    return number


@DBOS.workflow()
def life(name: str) -> int:
    """One life."""
    return sum(step(number) for number in range(STEPS))


def one_by_one(lives: int) -> None:
    """Each life ends before the next begins."""
    for number in range(lives):
        life(f"life-{number}")


def all_at_once(lives: int) -> None:
    """All lives are begun, then waited for; DBOS runs them on its threads."""
    handles = [DBOS.start_workflow(life, f"life-{number}") for number in range(lives)]
    for handle in handles:
        handle.get_result()


def main() -> None:
    """Serves until stdin closes."""
    way_in = database()
    DBOS(
        config={
            "name": "bench",
            "system_database_url": (
                f"postgresql://{way_in['username']}:{quote(way_in['password'])}"
                f"@{way_in['host']}:{way_in['port']}/{way_in['dbname']}"
            ),
            "run_admin_server": False,
            "log_level": "ERROR",
        }
    )
    DBOS.launch()
    serve({"one by one": one_by_one, "all at once": all_at_once})
    DBOS.destroy()


if __name__ == "__main__":
    main()
