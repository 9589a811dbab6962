//! What goes wrong, when, for how long, and that it ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::World;
use super::agent::Agent;
use super::disk::{Manner, ORDINARY};

const S: fn(u64) -> Duration = Duration::from_secs;
/// Faults begin for so long.
const TROUBLE: Duration = Duration::from_secs(100);

/// Everything that can go wrong.
#[derive(Debug, Clone, Copy)]
enum Fault {
    CutThere,
    CutBack,
    CutBoth,
    Slow,
    Doubles,
    AgentCrash,
    AgentHangs,
    Suspend,
    PowerCut,
    ControllerCrash,
    WallClock,
    SlowStore,
    Contention,
    Edits,
    Events,
    Drain,
    Renewal,
    Copy,
    StaleController,
}

const ALL: [Fault; 19] = [
    Fault::CutThere,
    Fault::CutBack,
    Fault::CutBoth,
    Fault::Slow,
    Fault::Doubles,
    Fault::AgentCrash,
    Fault::AgentHangs,
    Fault::Suspend,
    Fault::PowerCut,
    Fault::ControllerCrash,
    Fault::WallClock,
    Fault::SlowStore,
    Fault::Contention,
    Fault::Edits,
    Fault::Events,
    Fault::Drain,
    Fault::Renewal,
    Fault::Copy,
    Fault::StaleController,
];

/// Lets things go wrong for a while, then repairs them all.
pub(super) async fn trouble(world: &Arc<World>) {
    let mut faults = JoinSet::new();
    let until = tokio::time::Instant::now() + TROUBLE;
    while tokio::time::Instant::now() < until {
        sleep(world.chance.up_to(S(14))).await;
        let fault = *world.chance.pick(&ALL);
        let index = world
            .chance
            .within(0..u64::try_from(world.agents.len()).unwrap());
        let world = Arc::clone(world);
        faults.spawn(async move {
            let agent = &world.agents[usize::try_from(index).unwrap()];
            let most = *world.chance.pick(&[S(3), S(30), S(90)]);
            let lasts = world.chance.up_to(match fault {
                Fault::StaleController => most.min(S(30)),
                _ => most,
            });
            world
                .ledger
                .note(format_args!("{}: {fault:?} for {lasts:?}", agent.host.id));
            happen(&world, agent, fault, lasts).await;
        });
    }
    faults.shutdown().await;
    repair(world).await;
}

async fn happen(world: &World, agent: &Agent, fault: Fault, lasts: Duration) {
    let weather = world.weather(agent);
    let manner = |manner: Manner| world.center.disk.manner.send_replace(manner);
    match fault {
        Fault::CutThere => weather.there.close(),
        Fault::CutBack => weather.back.close(),
        Fault::CutBoth => {
            weather.there.close();
            weather.back.close();
        }
        Fault::Slow => weather.is_slow.store(true, Ordering::Relaxed),
        Fault::Doubles => weather.doubles.store(true, Ordering::Relaxed),
        Fault::AgentCrash => agent.kill(),
        Fault::AgentHangs => agent.turns.close(),
        Fault::Suspend => agent.host.suspend(),
        Fault::PowerCut => {
            agent.kill();
            agent.host.power_off();
        }
        Fault::ControllerCrash => world.center.kill(),
        Fault::WallClock => world.center.wall.jump(world.hours()),
        Fault::SlowStore => drop(manner(Manner {
            slowest: S(4),
            ..ORDINARY
        })),
        Fault::Contention => drop(manner(Manner {
            one_conflict_of: Some(3),
            ..ORDINARY
        })),
        Fault::Edits => world.edit(agent).await,
        Fault::Events => (0..world.chance.within(1..12)).for_each(|_| agent.spool.write()),
        Fault::Drain => world.drain(agent).await,
        Fault::Renewal => agent.certificate.is_due(),
        Fault::Copy => world.copy().await,
        Fault::StaleController => world.raise_the_copy(agent).await,
    }
    sleep(lasts).await;
    match fault {
        Fault::CutThere
        | Fault::CutBack
        | Fault::CutBoth
        | Fault::Slow
        | Fault::Doubles
        | Fault::StaleController => {
            weather.clear_up();
        }
        // The last workload leaves, and after a while the node is had back.
        Fault::Drain => {
            agent.host.leave();
            sleep(world.chance.up_to(S(30))).await;
            world.activate(agent).await;
        }
        // What hangs for too long is killed by its watchdog.
        Fault::AgentHangs => {
            agent.kill();
            agent.start().await;
        }
        Fault::AgentCrash => agent.start().await,
        Fault::Suspend => agent.host.resume(),
        Fault::PowerCut => {
            agent.host.boot();
            agent.start().await;
        }
        Fault::ControllerCrash => world.center.start().await,
        Fault::SlowStore | Fault::Contention => drop(manner(ORDINARY)),
        Fault::WallClock | Fault::Edits | Fault::Events | Fault::Renewal | Fault::Copy => {}
    }
}

async fn repair(world: &World) {
    world.ledger.note(format_args!("all faults end"));
    world.center.disk.manner.send_replace(ORDINARY);
    for agent in &world.agents {
        world.weather(agent).clear_up();
        agent.host.resume();
        agent.host.boot();
        agent.turns.open();
        agent.start().await;
    }
    world.center.start().await;
    for agent in &world.agents {
        world.activate(agent).await;
    }
}
